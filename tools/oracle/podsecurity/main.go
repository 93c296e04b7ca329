// Podsecurity says what the restricted profile of Kubernetes forbids in pods.
//
// It reads Pods from standard input, one JSON object each, and answers each with one line of JSON on standard
// output: the reasons for which Pod Security admission would refuse it, none for a pod that it lets pass.
package main

import (
	"encoding/json"
	"io"
	"log"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		log.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var pod corev1.Pod
		if err := in.Decode(&pod); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		reasons := []string{}
		for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
			if !result.Allowed {
				reasons = append(reasons, result.ForbiddenReason)
			}
		}
		if err := out.Encode(reasons); err != nil {
			log.Fatal(err)
		}
	}
}
