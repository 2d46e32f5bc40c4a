"""A small repository that passes every validator, for tests to break."""

from __future__ import annotations

from collections.abc import Mapping

ROOT = """\
terraform {
  required_version = ">= 1.9"
}

locals {
  name = "demo-${var.environment}"
}

module "store" {
  source = "./modules/store"

  name    = local.name
  buckets = ["raw", "models"]
}
"""

STORE = """\
data "aws_region" "current" {}

resource "aws_kms_key" "this" {
  description = "Key of ${var.name} in ${data.aws_region.current.region}"
}

resource "aws_s3_bucket" "this" {
  for_each = toset(var.buckets)

  bucket = "${var.name}-${each.key}"
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id
  policy = <<-EOT
    {"Resource": "${each.value.arn}/*", "Key": "${aws_kms_key.this.arn}"}
  EOT
}

resource "aws_security_group" "this" {
  count = var.open ? 1 : 0

  dynamic "ingress" {
    for_each = var.buckets
    iterator = bucket

    content {
      description = bucket.value
    }
  }

  lifecycle {
    ignore_changes = [tags]
  }
}
"""

CLEAN: Mapping[str, str] = {
    "terraform/main.tf": ROOT,
    "terraform/variables.tf": 'variable "environment" {\n  type = string\n}\n',
    "terraform/outputs.tf": 'output "buckets" {\n  value = module.store.bucket_arns["raw"]\n}\n',
    "terraform/environments/production.tfvars": 'environment = "production"\n',
    "terraform/modules/store/main.tf": STORE,
    "terraform/modules/store/variables.tf": (
        'variable "name" {\n  type = string\n}\n\n'
        'variable "buckets" {\n  type = list(string)\n}\n\n'
        'variable "open" {\n  type    = bool\n  default = false\n}\n'
    ),
    "terraform/modules/store/outputs.tf": (
        'output "bucket_arns" {\n'
        "  value = { for key, bucket in aws_s3_bucket.this : key => bucket.arn }\n}\n\n"
        'output "group" {\n  value = one(aws_security_group.this[*].id)\n}\n'
    ),
    "pyproject.toml": (
        '[tool.ruff]\nlint.select = ["E", "F"]\n\n[tool.pytest.ini_options]\npythonpath = ["src"]\n'
    ),
    "src/demo.py": "def double(value: int) -> int:\n    return 2 * value\n",
    "tests/test_demo.py": (
        "import os\n\nimport pytest\nfrom demo import double\n\n\n"
        "def test_doubles() -> None:\n    assert double(2) == 4\n\n\n"
        "def test_sees_a_clean_environment() -> None:\n"
        '    names = [n for n in os.environ if n.startswith(("COVERAGE", "PILOTHOUSE"))]\n'
        "    assert not names\n\n\n"
        '@pytest.mark.skip(reason="no network")\ndef test_skipped() -> None:\n    raise AssertionError\n'
    ),
    "Dockerfile": (
        "FROM python:3.12-slim AS build\nRUN pip install --no-cache-dir demo\n\n"
        "FROM python:3.12-slim\nCOPY --from=build /usr/local /usr/local\nUSER 10001\nEXPOSE 8080\n"
        'HEALTHCHECK CMD ["python", "-m", "demo.health"]\nCMD ["python", "-m", "demo"]\n'
    ),
    ".github/workflows/ci.yml": (
        "name: ci\non:\n  push:\n    branches: [main]\npermissions:\n  contents: read\n"
        "jobs:\n  check:\n    runs-on: ubuntu-24.04\n    steps:\n"
        "      - uses: actions/checkout@v4\n      - run: make check\n"
        "  deploy:\n    needs: check\n    runs-on: ubuntu-24.04\n    steps:\n      - run: make deploy\n"
    ),
    "compose.yaml": (
        "services:\n  app:\n    build: .\n    depends_on: [cache]\n    environment:\n      LEVEL: info\n"
        "  cache:\n    image: valkey/valkey:8.1\n    volumes:\n      - cache:/data\nvolumes:\n  cache:\n"
    ),
    "dashboards/service.json": '{"title": "Service", "panels": []}\n',
    "docs/architecture.md": '# A\n\n```mermaid\nflowchart LR\n  a["A (1)"] -->|calls| b(B)\n```\n',
}


def repository(**changes: str) -> dict[str, bytes]:
    """The clean repository; a change is named by its path."""
    return {path: text.encode() for path, text in {**CLEAN, **changes}.items()}


def changed(path: str, old: str, new: str) -> dict[str, bytes]:
    """The clean repository with `old` replaced by `new` in one file, where it must stand."""
    assert old in CLEAN[path]
    return repository(**{path: CLEAN[path].replace(old, new, 1)})
