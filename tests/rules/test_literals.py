"""What looks like a secret, and what only looks like one at first sight."""

from pathlib import Path

import pytest
import yaml

from generator.reading.yaml_reader import walk_strings
from generator.rules.literals import in_lines, secret_like

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "name", "looks_like"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nabc", "id", "a private key (----..., 35 characters)"),
        ("LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0t", "blob", "a private key in base64 (LS0t..., 40 characters)"),
        ("AKIAIOSFODNN7EXAMPLE", "x", "an AWS access key (AKIA..., 20 characters)"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "x", "a GitHub token (ghp_..., 40 characters)"),
        ("sk-proj-0123456789abcdefghij", "x", "a model provider's key (sk-p..., 28 characters)"),
        ("hvs.0123456789abcdefghijABCD", "x", "a Vault token (hvs...., 28 characters)"),
        ("users: admin:$6$saltsalt$0123456789abcdef", "auth", "a password hash ($6$s..., 28 characters)"),
        ("https://user:correct@example.com/", "url", "a password in an address (http..., 21 characters)"),
        ("Authorization: Basic dXNlcjpjb3JyZWN0LWhvcnNl", "x", "an authorization header (Basi..., 30 characters)"),
        ("redis://:pa55w0rd@redis:6379/0", "url", "a password in an address (redi..., 18 characters)"),
        ("https://3f7a9c0d1e2b4a5f@x/7", "SENTRY_DSN", "a token in an address (http..., 25 characters)"),
        ("https://x/c?sv=1&sig=Zq8xTr5Lm2%2FZq8xTr5Lm2", "blob", "a signed address (&sig..., 28 characters)"),
        ("machine x login app password Zq8xTr5Lm2", ".netrc", "a password in a .netrc (logi..., 29 characters)"),
        ('{"auth": "YXBwOlpxOHhUcjVMbTI="}', "x", 'a login of a registry ("aut..., 30 characters)'),
        ("admin:$apr1$Zq8xTr5L$abcdefghij", "users", "a password hash ($apr..., 25 characters)"),
        ("<db><password>correct-horse</password></db>", "x", "the value of password (13 characters)"),
        ("Server=db;Uid=app;Pwd=correct-horse;", "x", "the value of Pwd (13 characters)"),
        ("correct-horse", "DB_PASS", "the value of DB_PASS (13 characters)"),
        ("app:correct-horse", "-u", "the password behind -u (app:..., 17 characters)"),
        ("changeme", "adminPassword", "the value of adminPassword (8 characters)"),
        ("correct-horse", "DB_PASSWORD", "the value of DB_PASSWORD (13 characters)"),
        ("listen: 80\npassword: correct-horse\n", "config", "the value of password (13 characters)"),
        ("--token=correct-horse", "args", "the value of --token (13 characters)"),
        ("db.example.com:5432:files:app:correct-horse", "x", "a line of a .pgpass (db.e..., 43 characters)"),
        ("*:*:*:postgres:battery", ".pgpass", "a line of a .pgpass (*:*:..., 22 characters)"),
        ("door_pin: 471123", "x", "the value of door_pin (6 characters)"),
        ("4711", "pin", "the value of pin (4 characters)"),
        ("4711", "USER_PIN_CODE", "the value of USER_PIN_CODE (4 characters)"),
        ("userPin=4711", "x", "the value of userPin (4 characters)"),
        ("password: 4711", "x", "the value of password (4 characters)"),
        ("passcode: sesame", "x", "the value of passcode (6 characters)"),
        ("JBSWY3DPEHPK3PXP", "TOTP_SEED", "the value of TOTP_SEED (JBSW..., 16 characters)"),
        ("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP", "x", "a seed of one-time passwords (otpa..., 40 characters)"),
        ("the password is hunter2", "x", "the value of password (7 characters)"),
        ("# The password for the printer is: hunter2.", "x", "the value of password (7 characters)"),
        ("Ask Ann, or remember that the PIN is 4711.", "x", "the value of PIN (4 characters)"),
        ("secret: Zq8xTr5Lm2 # rotated", "x", "the value of secret (10 characters)"),
        ("# secret: Zq8xTr5Lm2", "x", "the value of secret (10 characters)"),
        ("env:\n- name: DB_PASSWORD\n  value: correct-horse\n", "x", "the value of DB_PASSWORD (13 characters)"),
        ('secret: "{Zq8xTr5Lm2"', "x", "the value of secret (11 characters)"),
        ("--password=[Zq8xTr5Lm2", "args", "the value of --password (11 characters)"),
        ("secret: {password: Zq8xTr5Lm2}", "x", "the value of password (10 characters)"),
        ("q7Zx1pLw9Vb3Tn6Ks0Yd2Rf8Hm4Jc5Ga", "x", "32 random characters (q7Zx..., 32 characters)"),
        ("9f86d081884c7d659a2feaa0c55ad015", "x", "32 random characters (9f86..., 32 characters)"),
    ],
)
def test_a_secret_is_known_by_its_form_its_name_or_its_randomness(text: str, name: str, looks_like: str) -> None:
    """What it says never repeats more than the first four of many characters."""
    assert secret_like(text, name) == looks_like


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("$(DB_PASSWORD)", "PASSWORD"),
        ("$oidc.google.clientSecret", "clientSecret"),
        ("$tenants-login:client.secret", "clientSecret"),
        ("$slack-token", "token"),
        ("${env.FILESERVER_BASIC}", "token"),
        ("MODEL_API_KEY", "token_key"),
        ("MODEL_API_KEY", "apiKey"),
        ("/run/secrets/token", "token"),
        ("--api-key-env=CHAT_TOKEN", "args"),
        ("Authorization: Bearer ${env.TOKEN}", "headers"),
        ("The password: ask your admin.", "instruction"),
        ("one pass: everything at once", "instruction"),
        ("east-by-north", "compass"),
        ("1000:1000", "--user"),
        ("$(APP_USER):$(APP_PASS)", "-u"),
        ("ssh://git@github.com/acme/tenants.git", "repoURL"),
        ('{"auth": "basic"}', "x"),
        ("true", "automountServiceAccountToken"),
        ("tenants/company-001/fileserver", "key"),
        ("docker.io/sigoden/dufs@sha256:" + "0123456789abcdef" * 4, "image"),
        ("company-with-a-name-of-very-many-words-in-it", "name"),
        ("argocd.argoproj.io/manifest-generate-paths", "annotation"),
        ("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t", "certificate"),
        ("q7Zx1pLw9Vb3Tn6Ks0Yd2Rf8Hm4Jc5Ga", "caBundle"),
        ("2026-11-22T10:00:00Z", "time"),
        ("株式会社サンプル", "displayName"),
        ("# secret: rotated", "x"),
        ("key: x # the token: short-lived, by design", "x"),
        ("# Password: required.", "x"),
        ("the password is required", "x"),
        ("a password is sha512-crypt", "x"),
        ("the token is 3600 seconds old", "x"),
        ("the token is v1.2.3", "x"),
        ("the access key is $(ACCESS_KEY_2)", "x"),
        ("arn:aws:iam::123456789012:role/reader", "role"),
        ("docker.io:443:x", "x"),
        ("2001:db8:85a3:8d3:1319:8a2e:370:7348", "address"),
        ("01:23:45:67:89:ab", "mac"),
        ("system:serviceaccount:company-001:fileserver", "subject"),
        ("db.example.com:5432:files:app:$(DB_PASSWORD)", "x"),
        ("pin: true", "x"),
        ("pin: 1.149.0", "x"),
        ("mapping: 4711", "x"),
        ("spin: 471123", "x"),
        ("pinned: 20261127", "x"),
        ("hotplug: ABCDEFGHIJKLMNOPQR2", "x"),
        ("OTP_KEY: OTP_KEY_OF_THE_STORE", "x"),
        ("- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef: {name: db, key: password}\n", "x"),
        ("- name: tls-secret\n  value: $(TLS)\n", "x"),
        ("- --password\n- $(DB_PASSWORD)\n", "x"),
        ("token:\n  type: string\n", "x"),
        ("secret:\n  secretName: fileserver-users\n", "x"),
        ("value: {name: users, secret: {secretName: fileserver-users}}", "x"),
        ("sources: [{serviceAccountToken: {path: token}}]", "x"),
    ],
)
def test_a_reference_a_digest_or_a_word_is_no_secret(text: str, name: str) -> None:
    """A rule that cries often is switched off."""
    assert secret_like(text, name) == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("- name: DB_PASSWORD\n  value: correct-horse\n", 2),
        ("- key: api_key\n  value: 'correct-horse'\n", 2),
        ('{"name": "DB_PASSWORD",\n "value": "correct-horse"}\n', 2),
        ("args:\n- --password\n- correct-horse\n", 3),
        ('["--password",\n "correct-horse"]\n', 2),
        ("a: b\npassword:\n  correct-horse\n", 3),
        ("password: >-\n  correct-horse\n", 2),
        ("# password: |\n#   correct-horse\n", 2),
        ("other: x\ntoken: correct-horse\n", 2),
    ],
)
def test_a_value_on_the_line_below_its_name_is_found_there(text: str, number: int) -> None:
    """Each of the two lines is nothing by itself."""
    assert [found for found, _ in in_lines(text, {})] == [number]
    assert secret_like(text) != ""


def test_nothing_in_this_repository_looks_like_a_secret() -> None:
    """Not in base/, the overlays, argocd/, the tenants or platform.yaml: neither in a value nor in a comment."""
    found = []
    files = [ROOT / "platform.yaml"]
    for folder in ("base", "overlays", "argocd", "tenants"):
        files += sorted((ROOT / folder).rglob("*.yaml"))
    for file in files:
        text = file.read_text(encoding="utf-8")
        values = [(str(path[-1]), value) for item in yaml.safe_load_all(text) for path, value in walk_strings(item)]
        found += [(file.name, what) for name, value in [("", text), *values] if (what := secret_like(value, name))]

    assert found == []


@pytest.mark.parametrize(
    "part",
    [
        "x",
        "a.",
        "a-",
        "eyJ-",
        "--",
        "://",
        "-----BEGIN ",
        "password",
        "A:",
        "=",
        " ",
        "a:1:",
        "pin",
        "_pin",
        "otp",
        "token of a ",
        "password is ",
    ],
)
def test_a_long_text_is_read_from_the_start_of_each_word_only(part: str) -> None:
    """Or this would not end: half a million characters that nearly are one of the forms."""
    assert secret_like(part * (500_000 // len(part))) == ""
