package main

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	metrics "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

const (
	// metricsHost is the name by which the API server knows this server: service metrics-api of kube-system.
	metricsHost = "metrics-api.kube-system.svc"
	// usageConfigMap has what the tests want a pod to use, under the key NAMESPACE.WORKLOAD; the workload is the pod's
	// label app.kubernetes.io/name. It is no part of what Argo CD manages, so that setting a usage is no drift.
	usageConfigMap = "cpu-usage"
	idleCPU        = "20m"
	memory         = "64Mi"
)

type metricsAPI struct {
	pods       corelisters.PodLister
	configMaps corelisters.ConfigMapLister
}

func newMetricsAPICommand() *cobra.Command {
	var address, certificate, key, kubeconfig string
	command := &cobra.Command{
		Use:   "metrics-api --address HOST:PORT --tls-cert-file FILE --tls-private-key-file FILE --kubeconfig FILE",
		Short: "The resource metrics API over pods without containers: what they use is what the tests say",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			clientset, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			all := informers.NewSharedInformerFactory(clientset, 0)
			system := informers.NewSharedInformerFactoryWithOptions(clientset, 0, informers.WithNamespace(metav1.NamespaceSystem))
			api := &metricsAPI{all.Core().V1().Pods().Lister(), system.Core().V1().ConfigMaps().Lister()}
			for _, factory := range []informers.SharedInformerFactory{all, system} {
				factory.Start(nil)
				factory.WaitForCacheSync(nil)
			}
			return http.ListenAndServeTLS(address, certificate, key, api.handler())
		},
	}
	command.Flags().StringVar(&address, "address", "", "where to listen")
	command.Flags().StringVar(&certificate, "tls-cert-file", "", "the certificate for "+metricsHost)
	command.Flags().StringVar(&key, "tls-private-key-file", "", "its key")
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "the cluster")
	return command
}

func (api *metricsAPI) handler() http.Handler {
	const root = "/apis/metrics.k8s.io/v1beta1"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root, func(w http.ResponseWriter, _ *http.Request) {
		write(w, metav1.APIResourceList{
			TypeMeta:     metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"},
			GroupVersion: metrics.SchemeGroupVersion.String(),
			APIResources: []metav1.APIResource{{Name: "pods", Namespaced: true, Kind: "PodMetrics", Verbs: metav1.Verbs{"get", "list"}}},
		})
	})
	mux.HandleFunc("GET "+root+"/pods", api.list)
	mux.HandleFunc("GET "+root+"/namespaces/{namespace}/pods", api.list)
	return mux
}

func (api *metricsAPI) list(w http.ResponseWriter, r *http.Request) {
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	pods, err := api.pods.Pods(r.PathValue("namespace")).List(selector) // no namespace is every namespace
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	list := metrics.PodMetricsList{TypeMeta: metav1.TypeMeta{Kind: "PodMetricsList", APIVersion: metrics.SchemeGroupVersion.String()}}
	list.Items = []metrics.PodMetrics{}
	for _, pod := range pods {
		if pod.Status.Phase == corev1.PodRunning {
			list.Items = append(list.Items, api.measure(pod))
		}
	}
	write(w, list)
}

// measure gives the first container the whole usage: the pods of these tests have one.
func (api *metricsAPI) measure(pod *corev1.Pod) metrics.PodMetrics {
	return metrics.PodMetrics{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, Labels: pod.Labels},
		Timestamp:  metav1.Now(),
		Window:     metav1.Duration{Duration: time.Second},
		Containers: []metrics.ContainerMetrics{{
			Name: pod.Spec.Containers[0].Name,
			Usage: corev1.ResourceList{
				corev1.ResourceCPU:    api.cpu(pod),
				corev1.ResourceMemory: resource.MustParse(memory),
			},
		}},
	}
}

func (api *metricsAPI) cpu(pod *corev1.Pod) resource.Quantity {
	configMap, err := api.configMaps.ConfigMaps(metav1.NamespaceSystem).Get(usageConfigMap)
	if err == nil {
		text := configMap.Data[pod.Namespace+"."+pod.Labels["app.kubernetes.io/name"]]
		if usage, err := resource.ParseQuantity(text); err == nil {
			return usage
		}
	}
	return resource.MustParse(idleCPU)
}

func write(w http.ResponseWriter, object any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object) // the client has gone: nobody is left to tell
}
