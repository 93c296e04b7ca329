"""Who reaches whom: NetworkPolicies evaluated exactly, the isolation of tenants proved."""
