// Command cluster is a Kubernetes cluster with Argo CD in one binary: it becomes the program that its first argument
// names. Kubernetes, etcd, kwok and Argo CD are the real ones, called from their own modules; the others are in this
// folder.
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/klog/v2"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"

	appcontroller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	applicationset "github.com/argoproj/argo-cd/v3/cmd/argocd-applicationset-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	argocdserver "github.com/argoproj/argo-cd/v3/cmd/argocd-server/commands"
	argocd "github.com/argoproj/argo-cd/v3/cmd/argocd/commands"
	argocdlog "github.com/argoproj/argo-cd/v3/util/log"
)

// programs maps a name to what runs it; each reads its flags from os.Args and returns the exit status.
var programs = map[string]func() int{
	"etcd":                    func() int { etcdmain.Main(os.Args); return 0 },
	"kube-apiserver":          func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() int { return cli.Run(controllermanager.NewControllerManagerCommand()) },
	"kube-scheduler":          func() int { return cli.Run(scheduler.NewSchedulerCommand()) },
	"kubectl":                 runKubectl,
	"kwok":                    runKwok,

	"argocd":                           func() int { return runArgoCD(argocd.NewCommand) },
	"argocd-application-controller":    func() int { return runArgoCD(appcontroller.NewCommand) },
	"argocd-applicationset-controller": func() int { return runArgoCD(applicationset.NewCommand) },
	"argocd-repo-server":               func() int { return runArgoCD(reposerver.NewCommand) },
	"argocd-server":                    func() int { return runArgoCD(argocdserver.NewCommand) },

	// Ours: what a cluster of a provider has and a laptop lacks.
	"certificates": func() int { return runOurs(newCertificatesCommand()) },
	"git-server":   func() int { return runOurs(newGitServerCommand()) },
	"metrics-api":  func() int { return runOurs(newMetricsAPICommand()) },
	"redis":        func() int { return runOurs(newRedisCommand()) },
	"stand-ins":    func() int { return runOurs(newStandInsCommand()) },
}

func main() {
	if len(os.Args) > 1 {
		if run, ok := programs[os.Args[1]]; ok {
			os.Args = os.Args[1:]
			if err := dieWithParent(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			listenOnLoopbackOnly()
			os.Exit(run())
		}
	}
	names := slices.Sorted(maps.Keys(programs))
	fmt.Fprintf(os.Stderr, "usage: cluster PROGRAM [ARGUMENT]...\nprograms: %s\n", strings.Join(names, ", "))
	os.Exit(2)
}

func runKubectl() int {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err) // prints as kubectl does, and exits
	}
	return 0
}

// runKwok reads the global flags before the command's, as kwok's own main does: --config must be known when the
// command is made.
func runKwok() int {
	global := pflag.NewFlagSet("global", pflag.ContinueOnError)
	global.ParseErrorsAllowlist.UnknownFlags = true
	global.Usage = func() {}
	ctx, logger := kwoklog.InitFlags(signals.SetupSignalContext(), global)
	ctx, err := kwokconfig.InitFlags(ctx, global)
	if err != nil {
		logger.Error("Reading the configuration", "err", err)
		return 1
	}
	command := kwok.NewCommand(ctx)
	command.Version = "" // its flag would meet Kubernetes' own --version, which is global
	command.PersistentFlags().AddFlagSet(global)
	if err := command.ExecuteContext(ctx); err != nil {
		logger.Error("Ended", "err", err)
		return 1
	}
	return 0
}

func runArgoCD(newCommand func() *cobra.Command) int {
	klog.SetLogger(argocdlog.NewLogrusLogger(argocdlog.NewWithCurrentConfig()))
	if newCommand().Execute() != nil {
		return 1 // the command has said why
	}
	return 0
}

func runOurs(command *cobra.Command) int {
	command.SilenceUsage = true
	if command.Execute() != nil {
		return 1 // cobra has said why
	}
	return 0
}
