// Netpol asks cyclonus, an independent evaluator of NetworkPolicies, who reaches whom.
//
// It reads cases from standard input, one JSON object each, and answers each with one line of JSON on standard
// output. An answer holds two strings of 0 and 1: for every source, every destination and every probe of the
// case, in this order, whether the packet passes.
//
//   - "plain" is cyclonus as it is.
//   - "resolved" is cyclonus with every label selector replaced by the list of what Kubernetes' own selector code
//     (k8s.io/apimachinery) matches, so that cyclonus decides everything but labels. Cyclonus reads two things
//     about labels differently from Kubernetes; the test that uses this tool lists them.
//
// The tool does for both what the API server and the cluster do before a policy plugin sees anything: it fills in
// missing policyTypes and looks up the names of the destination's port.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

type testCase struct {
	Namespaces map[string]map[string]string  `json:"namespaces"` // labels by name
	Endpoints  []endpoint                    `json:"endpoints"`
	Probes     []probe                       `json:"probes"`
	Policies   []*networkingv1.NetworkPolicy `json:"policies"`
}

// An endpoint without a namespace is outside the cluster.
type endpoint struct {
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
	IP        string            `json:"ip"`
	Ports     []namedPort       `json:"ports"`
}

type namedPort struct {
	Name string `json:"name"`
	probe
}

type probe struct {
	Protocol corev1.Protocol `json:"protocol"`
	Port     int             `json:"port"`
}

type answer struct {
	Plain    string `json:"plain"`
	Resolved string `json:"resolved"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "netpol:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	decoder := json.NewDecoder(bufio.NewReader(in))
	decoder.DisallowUnknownFields()
	buffered := bufio.NewWriter(out)
	encoder := json.NewEncoder(buffered)
	for number := 0; ; number++ {
		var given testCase
		if err := decoder.Decode(&given); errors.Is(err, io.EOF) {
			return buffered.Flush()
		} else if err != nil {
			return fmt.Errorf("case %d: %w", number, err)
		}
		setDefaults(given.Policies)
		resolved, err := resolve(&given)
		if err != nil {
			return fmt.Errorf("case %d: %w", number, err)
		}
		if err := encoder.Encode(answer{Plain: evaluate(&given), Resolved: evaluate(resolved)}); err != nil {
			return err
		}
	}
}

// setDefaults does what the API server does on admission (pkg/apis/networking/v1/defaults.go in Kubernetes):
// Ingress always, Egress if there is a rule for it.
func setDefaults(policies []*networkingv1.NetworkPolicy) {
	for _, policy := range policies {
		if len(policy.Spec.PolicyTypes) > 0 {
			continue
		}
		policy.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(policy.Spec.Egress) > 0 {
			policy.Spec.PolicyTypes = append(policy.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
}

func evaluate(given *testCase) string {
	policy := matcher.BuildNetworkPolicies(false, given.Policies)
	peers := make([]*matcher.TrafficPeer, len(given.Endpoints))
	for i, end := range given.Endpoints {
		peers[i] = &matcher.TrafficPeer{IP: end.IP}
		if end.Namespace != "" {
			peers[i].Internal = &matcher.InternalPeer{
				Namespace:       end.Namespace,
				NamespaceLabels: given.Namespaces[end.Namespace],
				PodLabels:       end.Labels,
			}
		}
	}
	answers := make([]byte, 0, len(peers)*len(peers)*len(given.Probes))
	for _, source := range peers {
		for i, destination := range peers {
			for _, packet := range given.Probes {
				answers = append(answers, passes(policy, source, destination, packet, given.Endpoints[i].Ports))
			}
		}
	}
	return string(answers)
}

// passes asks once for every name of the port at the destination: cyclonus takes one name, a pod may have several.
func passes(policy *matcher.Policy, source, destination *matcher.TrafficPeer, packet probe, ports []namedPort) byte {
	names := []string{""}
	for _, port := range ports {
		if port.probe == packet {
			names = append(names, port.Name)
		}
	}
	allowed := map[bool]bool{}
	for _, ingress := range []bool{true, false} {
		for _, name := range names {
			traffic := &matcher.Traffic{
				Source:           source,
				Destination:      destination,
				ResolvedPort:     packet.Port,
				ResolvedPortName: name,
				Protocol:         packet.Protocol,
			}
			allowed[ingress] = allowed[ingress] || policy.IsIngressOrEgressAllowed(traffic, ingress).IsAllowed()
		}
	}
	if allowed[true] && allowed[false] {
		return '1'
	}
	return '0'
}

// The one label of every pod and namespace of a resolved case: which one it is.
const identity = "identity"

// resolve gives every namespace and endpoint a label of its own, and makes every selector a list of them.
func resolve(given *testCase) (*testCase, error) {
	resolved := &testCase{Namespaces: map[string]map[string]string{}, Probes: given.Probes}
	namespaces := map[string]map[string]string{}
	for name, own := range given.Namespaces {
		namespaces[name] = own
		resolved.Namespaces[name] = map[string]string{identity: name}
	}
	pods := map[string]map[string]string{}
	for i, end := range given.Endpoints {
		id := fmt.Sprint(i)
		pods[id] = end.Labels
		end.Labels = map[string]string{identity: id}
		resolved.Endpoints = append(resolved.Endpoints, end)
	}
	for _, policy := range given.Policies {
		spec := policy.Spec.DeepCopy()
		selected := []error{replace(&spec.PodSelector, pods)}
		peers := []networkingv1.NetworkPolicyPeer{}
		for _, rule := range spec.Ingress {
			peers = append(peers, rule.From...)
		}
		for _, rule := range spec.Egress {
			peers = append(peers, rule.To...)
		}
		for _, peer := range peers { // a copy, but of pointers into spec
			selected = append(selected, replace(peer.PodSelector, pods), replace(peer.NamespaceSelector, namespaces))
		}
		if err := errors.Join(selected...); err != nil {
			return nil, err
		}
		resolved.Policies = append(resolved.Policies, &networkingv1.NetworkPolicy{ObjectMeta: policy.ObjectMeta, Spec: *spec})
	}
	return resolved, nil
}

func replace(selector *metav1.LabelSelector, candidates map[string]map[string]string) error {
	if selector == nil {
		return nil
	}
	matcher, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return err
	}
	matched := []string{}
	for id, own := range candidates {
		if matcher.Matches(labels.Set(own)) {
			matched = append(matched, id)
		}
	}
	*selector = metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: identity, Operator: metav1.LabelSelectorOpIn, Values: matched},
	}}
	return nil
}
