// The custom resource definitions of what we emit, as their projects publish them. Nothing here is compiled:
// tests/slow/test_schemas_against_crds.py downloads the modules and reads their YAML.
module tenantry.dev/oracle/crds

go 1.26.3

require (
	github.com/argoproj/argo-cd/v3 v3.5.3
	github.com/external-secrets/external-secrets v1.3.2
	sigs.k8s.io/gateway-api v1.6.3
)
