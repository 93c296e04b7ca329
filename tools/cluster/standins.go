package main

import (
	"context"
	"reflect"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	controllerruntime "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	argocdlog "github.com/argoproj/argo-cd/v3/util/log"
)

const (
	// standIn is the name under which these controllers sign what they write.
	standIn = "tenantry.dev/stand-in"
	// The annotations by which Kubernetes and a provisioner outside of it agree on who makes a volume.
	provisionerAnnotation   = "volume.kubernetes.io/storage-provisioner"
	provisionedByAnnotation = "pv.kubernetes.io/provisioned-by"
)

var (
	httpRouteKind      = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}
	externalSecretKind = schema.GroupVersionKind{Group: "external-secrets.io", Version: "v1", Kind: "ExternalSecret"}
	secretStoreKind    = schema.GroupVersionKind{Group: "external-secrets.io", Version: "v1", Kind: "SecretStore"}
)

// newStandInsCommand runs in the place of a gateway, an ingress controller, a storage provisioner and External Secrets. Each
// does the least that its kind's health and its users' start depend on, and nothing behind it: no traffic flows, no
// volume is mounted, no secret is fetched.
func newStandInsCommand() *cobra.Command {
	var kubeconfig string
	command := &cobra.Command{
		Use:   "stand-ins --kubeconfig FILE",
		Short: "Accept routes, give addresses to ingresses, bind and grow volumes, fill external secrets",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			log.SetLogger(argocdlog.NewLogrusLogger(argocdlog.NewWithCurrentConfig()))
			manager, err := controllerruntime.NewManager(config, controllerruntime.Options{
				Metrics: server.Options{BindAddress: "0"}, // none
			})
			if err != nil {
				return err
			}
			c := manager.GetClient()
			for _, add := range []error{
				reconcile(manager, &networkingv1.Ingress{}, giveAddress(c)),
				reconcile(manager, &corev1.PersistentVolumeClaim{}, provision(c)),
				reconcile(manager, ofKind(httpRouteKind), acceptRoute(c)),
				reconcile(manager, ofKind(externalSecretKind), fillSecret(c)),
				reconcile(manager, ofKind(secretStoreKind), acceptStore(c)),
			} {
				if add != nil {
					return add
				}
			}
			return manager.Start(context.Background())
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "the cluster")
	return command
}

// reconcile calls do with each object of the example's kind that is there and not about to go, whenever it changes.
func reconcile[T client.Object](manager controllerruntime.Manager, example T, do func(context.Context, T) error) error {
	get := func(ctx context.Context, request controllerruntime.Request) (controllerruntime.Result, error) {
		object := example.DeepCopyObject().(T)
		if err := manager.GetClient().Get(ctx, request.NamespacedName, object); err != nil {
			return controllerruntime.Result{}, client.IgnoreNotFound(err)
		}
		if !object.GetDeletionTimestamp().IsZero() {
			return controllerruntime.Result{}, nil
		}
		return controllerruntime.Result{}, do(ctx, object)
	}
	return controllerruntime.NewControllerManagedBy(manager).For(example).Complete(reconcilerFunc(get))
}

type reconcilerFunc func(context.Context, controllerruntime.Request) (controllerruntime.Result, error)

func (f reconcilerFunc) Reconcile(ctx context.Context, r controllerruntime.Request) (controllerruntime.Result, error) {
	return f(ctx, r)
}

func ofKind(kind schema.GroupVersionKind) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	return object
}

func giveAddress(c client.Client) func(context.Context, *networkingv1.Ingress) error {
	return func(ctx context.Context, ingress *networkingv1.Ingress) error {
		if len(ingress.Status.LoadBalancer.Ingress) > 0 {
			return nil
		}
		before := ingress.DeepCopy()
		ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "127.0.0.1"}}
		return c.Status().Patch(ctx, ingress, client.MergeFrom(before))
	}
}

// provision makes a volume for a claim that Kubernetes has handed to us; Kubernetes then binds the two. A claim that asks
// for more later gets it.
func provision(c client.Client) func(context.Context, *corev1.PersistentVolumeClaim) error {
	return func(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
		if claim.Annotations[provisionerAnnotation] != standIn {
			return nil
		}
		if claim.Spec.VolumeName != "" {
			return expand(ctx, c, claim)
		}
		class := &storagev1.StorageClass{}
		if err := c.Get(ctx, client.ObjectKey{Name: *claim.Spec.StorageClassName}, class); err != nil {
			return err
		}
		name := "pvc-" + string(claim.UID)
		volume := &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedByAnnotation: standIn}},
			Spec: corev1.PersistentVolumeSpec{
				AccessModes:                   claim.Spec.AccessModes,
				Capacity:                      corev1.ResourceList{corev1.ResourceStorage: *claim.Spec.Resources.Requests.Storage()},
				ClaimRef:                      &corev1.ObjectReference{Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
				PersistentVolumeReclaimPolicy: *class.ReclaimPolicy,
				StorageClassName:              class.Name,
				PersistentVolumeSource: corev1.PersistentVolumeSource{
					NFS: &corev1.NFSVolumeSource{Server: "127.0.0.1", Path: "/" + name},
				},
			},
		}
		return client.IgnoreAlreadyExists(c.Create(ctx, volume))
	}
}

func expand(ctx context.Context, c client.Client, claim *corev1.PersistentVolumeClaim) error {
	wanted := corev1.ResourceList{corev1.ResourceStorage: *claim.Spec.Resources.Requests.Storage()}
	if claim.Status.Phase != corev1.ClaimBound || claim.Status.Capacity.Storage().Cmp(*wanted.Storage()) >= 0 {
		return nil
	}
	volume := &corev1.PersistentVolume{}
	if err := c.Get(ctx, client.ObjectKey{Name: claim.Spec.VolumeName}, volume); err != nil {
		return err
	}
	before := volume.DeepCopy()
	volume.Spec.Capacity = wanted
	if err := c.Patch(ctx, volume, client.MergeFrom(before)); err != nil {
		return err
	}
	bound := claim.DeepCopy()
	claim.Status.Capacity = wanted
	return c.Status().Patch(ctx, claim, client.MergeFrom(bound))
}

func acceptRoute(c client.Client) func(context.Context, *unstructured.Unstructured) error {
	return func(ctx context.Context, route *unstructured.Unstructured) error {
		references, _, err := unstructured.NestedSlice(route.Object, "spec", "parentRefs")
		if err != nil {
			return err
		}
		parents := make([]any, 0, len(references))
		for _, reference := range references {
			parents = append(parents, map[string]any{
				"parentRef":      reference,
				"controllerName": standIn,
				"conditions": []any{
					condition(route, "Accepted", "Accepted"),
					condition(route, "ResolvedRefs", "ResolvedRefs"),
				},
			})
		}
		return setStatus(ctx, c, route, map[string]any{"parents": parents})
	}
}

// fillSecret writes the Secret as well, because it counts against the namespace's quota.
func fillSecret(c client.Client) func(context.Context, *unstructured.Unstructured) error {
	return func(ctx context.Context, external *unstructured.Unstructured) error {
		name, _, err := unstructured.NestedString(external.Object, "spec", "target", "name")
		if err != nil {
			return err
		}
		if name == "" {
			name = external.GetName()
		}
		data, _, err := unstructured.NestedSlice(external.Object, "spec", "data")
		if err != nil {
			return err
		}
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: external.GetNamespace(), Name: name}}
		_, err = controllerutil.CreateOrUpdate(ctx, c, secret, func() error {
			secret.StringData = map[string]string{}
			for _, item := range data {
				secret.StringData[item.(map[string]any)["secretKey"].(string)] = standIn
			}
			return controllerutil.SetControllerReference(external, secret, c.Scheme())
		})
		if err != nil {
			return err
		}
		return setStatus(ctx, c, external, map[string]any{"conditions": []any{condition(external, "Ready", "SecretSynced")}})
	}
}

func acceptStore(c client.Client) func(context.Context, *unstructured.Unstructured) error {
	return func(ctx context.Context, store *unstructured.Unstructured) error {
		return setStatus(ctx, c, store, map[string]any{"conditions": []any{condition(store, "Ready", "Valid")}})
	}
}

// condition keeps the time of the object's creation: a status that depends on nothing else is written once.
func condition(object *unstructured.Unstructured, kind, reason string) map[string]any {
	return map[string]any{
		"type":               kind,
		"status":             string(metav1.ConditionTrue),
		"reason":             reason,
		"message":            "said by " + standIn,
		"observedGeneration": object.GetGeneration(),
		"lastTransitionTime": object.GetCreationTimestamp().UTC().Format("2006-01-02T15:04:05Z"),
	}
}

func setStatus(ctx context.Context, c client.Client, object *unstructured.Unstructured, status map[string]any) error {
	if reflect.DeepEqual(object.Object["status"], status) {
		return nil
	}
	object.Object["status"] = status
	return c.Status().Update(ctx, object)
}
