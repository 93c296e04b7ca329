// The modules of which the cluster tests read the custom resource definitions. No code of theirs is built, so `go mod tidy`
// would drop them: change a version here, and its two lines in go.sum after `go mod download -json`, which prints the hashes.
module tenantry.dev/tools/cluster/crds

go 1.26.0

require (
	github.com/external-secrets/external-secrets v1.3.2
	sigs.k8s.io/gateway-api v1.6.3
)
