"""The Kubernetes API for tests: objects are the JSON that the server sends.

All requests go through `kubectl proxy` on a socket of its own, so that kubectl alone has to know how a kubeconfig logs
in.
"""

import json
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

Object = dict[str, Any]


class RefusedError(Exception):
    """The API server said no.

    Attributes:
        code: its HTTP status.
    """

    def __init__(self, response: httpx.Response) -> None:
        self.code = response.status_code
        try:
            message = response.json()["message"]
        except (ValueError, KeyError, TypeError):
            message = response.text
        super().__init__(f"{response.status_code} {message}")


class CommandError(Exception):
    """A command failed; the text is the command and its words."""

    def __init__(self, command: list[str], words: str) -> None:
        super().__init__(f"{' '.join(command)}: {words.strip()}")


class Kube:
    """A client of one cluster.

    Args:
        kubectl: the command, with the kubeconfig.
        socket: where `kubectl proxy` listens.
    """

    def __init__(self, kubectl: tuple[str, ...], socket: Path) -> None:
        self._kubectl = kubectl
        self._socket = socket
        transport = httpx.HTTPTransport(uds=str(socket))
        self._http = httpx.Client(transport=transport, base_url="http://localhost", timeout=60)
        self._paths: dict[str, tuple[str, str, bool]] = {}

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ready(self) -> bool:
        """Return whether the API server answers and is ready."""
        with socket.socket(socket.AF_UNIX) as probe:
            listens = probe.connect_ex(str(self._socket)) == 0
        return listens and self._http.get("/readyz").is_success

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """Return the object, or None where there is none of that name."""
        try:
            found: Object = self._ask("GET", f"{self._path(kind, namespace)}/{name}")
        except RefusedError as refused:
            if refused.code == httpx.codes.NOT_FOUND:
                return None
            raise
        return found

    def items(self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None) -> list[Object]:
        """Return the objects of a kind, in one namespace or in all, that carry these labels."""
        selector = ",".join(f"{key}={value}" for key, value in (labels or {}).items())
        parameters = {"labelSelector": selector} if selector else {}
        items: list[Object] = self._ask("GET", self._path(kind, namespace), params=parameters)["items"]
        return items

    def create(self, body: Object) -> Object:
        """Create the object.

        Args:
            body: with `apiVersion`, `kind` and `metadata`; its namespace says where.

        Raises:
            RefusedError: with the server's words.
        """
        path = self._path(body["kind"], body.get("metadata", {}).get("namespace"))
        created: Object = self._ask("POST", path, json=body)
        return created

    def try_to_create(self, body: Object) -> None:
        """Let the server say whether it would create the object, without a field that it does not know.

        Raises:
            RefusedError: with the server's words.
        """
        path = self._path(body["kind"], body["metadata"]["namespace"])
        self._ask("POST", path, json=body, params={"dryRun": "All", "fieldValidation": "Strict"})

    def try_to_apply(self, body: Object) -> None:
        """Let the server say whether it would take the object as server-side apply sends it, with strict validation.

        Raises:
            RefusedError: with the server's words.
        """
        path = f"{self._path(body['kind'], body['metadata'].get('namespace'))}/{body['metadata']['name']}"
        parameters = {"dryRun": "All", "fieldValidation": "Strict", "fieldManager": "test", "force": "true"}
        headers = {"Content-Type": "application/apply-patch+yaml"}
        self._ask("PATCH", path, content=json.dumps(body), params=parameters, headers=headers)

    def patch(self, kind: str, name: str, patch: Object, namespace: str | None = None) -> Object:
        """Change the object by a JSON merge patch."""
        headers = {"Content-Type": "application/merge-patch+json"}
        path = f"{self._path(kind, namespace)}/{name}"
        patched: Object = self._ask("PATCH", path, content=json.dumps(patch), headers=headers)
        return patched

    def delete(self, kind: str, name: str, namespace: str | None = None, **options: Any) -> None:
        """Delete the object, and in the background what it owns; the options are those of the API's DeleteOptions."""
        options = {"propagationPolicy": "Background", **options}
        self._ask("DELETE", f"{self._path(kind, namespace)}/{name}", json=options)

    def may(
        self, verb: str, resource: str, *, namespace: str, user: str = "somebody", groups: Sequence[str] = ()
    ) -> bool:
        """Return whether the server would let that user, a member of these groups, do that (SubjectAccessReview).

        Args:
            verb: such as `get` or `impersonate`.
            resource: as `dotted` writes it.
            namespace: where; empty for cluster-wide.
            user: whose name it is asked for.
            groups: what that user is a member of, beside `system:authenticated`, of which everybody is.
        """
        plural, _, subresource = resource.partition("/")
        plural, _, api_group = plural.partition(".")
        attributes = {"verb": verb, "namespace": namespace, "group": api_group, "resource": plural}
        spec = {
            "user": user,
            "groups": [*groups, "system:authenticated"],
            "resourceAttributes": {**attributes, "subresource": subresource},
        }
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        allowed: bool = self.create(review)["status"]["allowed"]
        return allowed

    def granted(self, user: str, *, namespace: str, groups: Sequence[str] = ()) -> set[tuple[str, str]]:
        """Return all that a user may do with objects in a namespace, by the server's word (SelfSubjectRulesReview).

        Args:
            user: who asks; the server knows the groups of a service account by itself.
            namespace: where.
            groups: what that user is a member of, beside `system:authenticated`.

        Returns:
            Verbs and resources, these as `dotted` writes them.
        """
        kind = "SelfSubjectRulesReview"
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": {"namespace": namespace}}
        headers = [("Impersonate-User", user), *(("Impersonate-Group", group) for group in groups)]
        answer = self._ask("POST", self._path(kind, None), json=review, headers=headers)
        return pairs(answer["status"]["resourceRules"])

    def apply(self, source: str | list[Object], *, namespace: str | None = None, dry_run: bool = False) -> str:
        """Apply manifests on the server's side, with strict validation, as a user would by `kubectl apply`.

        Args:
            source: YAML text, or objects.
            namespace: for objects that name none.
            dry_run: whether the server only says what it would do.

        Returns:
            What kubectl printed, its warnings included.

        Raises:
            CommandError: with kubectl's words.
        """
        where = ("-n", namespace) if namespace else ()
        text = source if isinstance(source, str) else yaml.safe_dump_all(source)
        how = (
            "--server-side",
            "--force-conflicts",
            "--validate=strict",
            f"--dry-run={'server' if dry_run else 'none'}",
        )
        return self.kubectl("apply", *how, *where, "-f", "-", text=text)

    def kubeconfig(self, token: str, namespace: str) -> str:
        """Return a kubeconfig for this cluster that logs in by a token, with that namespace as the one meant."""
        config = json.loads(self.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
        name = config["current-context"]
        config["users"] = [{"name": name, "user": {"token": token}}]
        config["contexts"][0]["context"] |= {"user": name, "namespace": namespace}
        return json.dumps(config, indent=1)

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """Run kubectl and return what it printed on both outputs."""
        done = subprocess.run([*self._kubectl, *arguments], input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CommandError([*self._kubectl[1:], *arguments], done.stderr)
        return done.stdout + done.stderr

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        response = self._http.request(method, path, **options)
        if not response.is_success:
            raise RefusedError(response)
        return response.json()

    def _path(self, kind: str, namespace: str | None) -> str:
        if kind not in self._paths:
            self._discover()
        root, plural, namespaced = self._paths[kind]
        return f"{root}/namespaces/{namespace}/{plural}" if namespaced and namespace else f"{root}/{plural}"

    def _discover(self) -> None:
        """Learn where each kind is served: by the preferred version of the first group that has it, the core first."""
        headers = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
        for root in ("/api", "/apis"):
            for group in self._ask("GET", root, headers=headers)["items"]:
                name = group["metadata"].get("name", "")
                for version in group["versions"]:
                    prefix = "/".join(part for part in (root, name, version["version"]) if part)
                    for resource in version.get("resources", []):
                        served = (prefix, resource["resource"], resource["scope"] == "Namespaced")
                        self._paths.setdefault(resource["responseKind"]["kind"], served)


def dotted(group: str, resource: str) -> str:
    """Write a resource with its group, and its subresource at the end: `pods/log`, `deployments.apps/scale`."""
    plural, slash, subresource = resource.partition("/")
    return f"{plural}{'.' if group else ''}{group}{slash}{subresource}"


def pairs(rules: list[Object]) -> set[tuple[str, str]]:
    """Return the verbs and resources of RBAC's rules."""
    return {
        (verb, dotted(group, resource))
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def has_condition(item: Object, kind: str) -> bool:
    """Return whether the object's status has that condition, and it is true."""
    conditions = item.get("status", {}).get("conditions") or []
    return any(condition["type"] == kind and condition["status"] == "True" for condition in conditions)
