from __future__ import annotations

import pytest

from apps.mlops.validators.samples import CLEAN, changed, repository
from pilothouse.apps.mlops.validators.model import Severity, ValidatorResult
from pilothouse.apps.mlops.validators.terraform import check_references, check_syntax, parse_files

MAIN, STORE = "terraform/main.tf", "terraform/modules/store/main.tf"


def checked(files: dict[str, bytes]) -> ValidatorResult:
    return check_references(parse_files(files))


def errors(files: dict[str, bytes]) -> list[tuple[str, str]]:
    return [(item.place, item.rule) for item in checked(files).findings if item.severity is Severity.ERROR]


def store(text: str) -> dict[str, bytes]:
    """The store with more text at its end, on a line of its own after the existing ones."""
    return repository(**{STORE: CLEAN[STORE] + text})


FAR = """\
module "m" {
  source    = "../store"
  name      = "a"
  buckets   = []
  providers = { aws = aws.far }
}
"""
AFTER = CLEAN[STORE].count("\n")


def test_a_module_whose_addresses_all_resolve_passes_without_a_word() -> None:
    result = checked(repository())
    assert result.passed
    assert result.findings == ()
    assert result.notes == ("13 references resolved in 2 modules", "1 module call checked")


@pytest.mark.parametrize(
    ("path", "old", "new", "line", "rule"),
    [
        (MAIN, "= local.name", "= local.nam", 12, "unresolved-reference"),
        (MAIN, "${var.environment}", "${var.stage}", 6, "unresolved-reference"),
        (MAIN, "  name    = local.name\n", "", 9, "missing-argument"),
        (MAIN, "  buckets =", "  bucket  =", 13, "unknown-argument"),
        (MAIN, "./modules/store", "./modules/storage", 10, "module-source"),
        ("terraform/outputs.tf", "bucket_arns", "bucket_names", 2, "unresolved-reference"),
        ("terraform/outputs.tf", "module.store", "module.storage", 2, "unresolved-reference"),
        ("terraform/environments/production.tfvars", "environment", "enviroment", 1, "unknown-variable"),
        ("terraform/environments/production.tfvars", '"production"', "var.name", 1, "not-a-constant"),
        (STORE, "data.aws_region.current.region", "data.aws_region.here.region", 4, "unresolved-reference"),
        (STORE, "for_each = toset(var.buckets)", "bucket_prefix = 1", 10, "unresolved-reference"),
        (
            STORE,
            "for_each = aws_s3_bucket.this\n",
            "for_each = aws_s3_buckets.this\n",
            14,
            "unresolved-reference",
        ),
        (STORE, "aws_kms_key.this.arn", "aws_kms_key.that.arn", 18, "unresolved-reference"),
        (STORE, "description = bucket.value", "description = ingress.value", 30, "unresolved-reference"),
        ("terraform/modules/store/outputs.tf", "[*].id", ".id", 6, "unresolved-reference"),
        (
            "terraform/modules/store/outputs.tf",
            "key => bucket.arn",
            "key => buckets.arn",
            2,
            "unresolved-reference",
        ),
    ],
)
def test_what_does_not_resolve_is_found_with_its_line(
    path: str, old: str, new: str, line: int, rule: str
) -> None:
    assert (f"{path}:{line}", rule) in errors(changed(path, old, new))


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        ('resource "aws_kms_key" "this" {}\n', 1, "duplicate-address"),
        ('resource "aws_kms_key" "two" {\n  policy = 1\n  policy = 2\n}\n', 3, "duplicate-attribute"),
        ("locals {\n  a = aws_kms_key.this.arn\n  a = 2\n}\n", 3, "duplicate-address"),
        ("locals {\n  x = <<EOT\n${ ] }\nEOT\n}\n", 3, "unresolved-reference"),
        ('module "x" {\n  name = "y"\n}\n', 1, "module-source"),
        ("locals {\n  x = count.index\n}\n", 2, "unresolved-reference"),
        ("locals {\n  x = [for a in var.buckets : b]\n}\n", 2, "unresolved-reference"),
        ("locals {\n  x = var.buckets[local.gone]\n}\n", 2, "unresolved-reference"),
        ("locals {\n  x = data.aws_region\n}\n", 2, "unresolved-reference"),
        ("locals {\n  x = { (var.gone) = 1 }\n}\n", 2, "unresolved-reference"),
        (
            "locals {\n  x = <<EOT\n%{ for a in var.gone ~}\n${a}\n%{ endfor ~}\nEOT\n}\n",
            3,
            "unresolved-reference",
        ),
        (
            'locals {\n  x = <<EOT\n%{ if var.open }\n${lookup({"}" = 1}, var.gone)}\n%{ endif }\nEOT\n}\n',
            4,
            "unresolved-reference",
        ),
        (
            FAR,
            5,
            "unknown-provider",
        ),
    ],
)
def test_mistakes_in_further_blocks_are_found(text: str, line: int, rule: str) -> None:
    assert (f"{STORE}:{AFTER + line}", rule) in errors(store(text))


@pytest.mark.parametrize(
    "expression",
    [
        "[for i, a in var.buckets : upper(a) if i > 0]",
        '{ for a in var.buckets : a => "${a}-${var.name}" }',
        "aws_security_group.this[0].id",
        "aws_security_group.this.*.id",
        '[aws_s3_bucket.this["raw"].arn, values(aws_s3_bucket.this)[*].id]',
        "var.buckets.0",
        "(var.open ? path.module : terraform.workspace)",
        'jsonencode({ name = var.name, "k" : null })',
        '"%{ for a in var.buckets ~}${a}%{ endfor ~}"',
        '<<-EOT\n  $${literal} ${join(",", [for x in var.buckets : "${x}}"])}\nEOT\n',
        "<<-EOT\n  %{ if var.open }yes%{ endif } %{ for a, b in var.buckets }${a}${b}\nEOT\n",
    ],
)
def test_legal_expressions_are_left_alone(expression: str) -> None:
    assert errors(store(f"locals {{\n  legal = {expression}\n}}\n")) == []


def test_an_alias_that_is_configured_or_required_may_be_passed_on() -> None:
    alias = 'provider "aws" {\n  alias = "far"\n}\n'
    required = (
        "terraform {\n  required_providers {\n    aws = { configuration_aliases = [aws.far] }\n  }\n}\n"
    )
    assert errors(store(FAR + alias)) == []
    assert errors(store(FAR + required)) == []


def test_a_module_from_a_registry_is_not_looked_into() -> None:
    call = 'module "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n  any = module.vpc.some\n}\n'
    assert errors(store(call)) == []


def test_an_escaped_reference_is_a_warning_with_its_line() -> None:
    result = checked(
        store('locals {\n  a = "Project$${var.name}"\n  b = "$${HOME} ${local.a}${local.b}"\n}\n')
    )
    assert result.passed
    assert [(item.place, item.rule) for item in result.findings] == [
        (f"{STORE}:{AFTER + 2}", "escaped-reference")
    ]


def test_equal_files_are_each_reported_under_their_own_path() -> None:
    result = check_syntax(parse_files({"a/x.tf": b"a = [", "b/x.tf": b"a = [", "c/x.tf": b"", "d/x.tf": b""}))
    assert [item.path for item in result.findings] == ["a/x.tf", "b/x.tf"]
    assert checked({"a/x.tf": b"", "a/y.tf": b"# nothing\n", "a/z.tfvars": b""}).passed
    assert checked({"a/z.tfvars": b"["}).passed


def test_a_declaration_that_nothing_reads_is_a_warning() -> None:
    result = checked(changed("terraform/variables.tf", "variable", 'variable "unused" {}\n\nvariable'))
    assert result.passed
    assert [(item.place, item.severity) for item in result.findings] == [
        ("terraform/variables.tf:1", Severity.WARNING)
    ]


def test_every_dangling_reference_is_caught_wherever_it_stands() -> None:
    """Each name in turn is misspelt; each time the check must fail."""
    for path, text in CLEAN.items():
        if not path.endswith(".tf"):
            continue
        for old in ("var.", "local.", "module.", "each.", "aws_s3_bucket.", "aws_kms_key."):
            if old in text:
                assert not checked(changed(path, old, f"{old[:-1]}x.")).passed, (path, old)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("locals {\n  a = \n}\n", 2),
        ("locals {\n  a = 1\n", 3),
        ('resource "a" "b" {\n  c = "d\n}\n', 2),
        ("a = ]\n", 1),
        ("a = `b`\n", 1),
    ],
)
def test_what_cannot_be_parsed_is_reported_with_its_line(text: str, line: int) -> None:
    result = check_syntax(parse_files(repository(**{"terraform/broken.tf": text})))
    assert not result.passed
    (finding,) = result.findings
    assert finding.path == "terraform/broken.tf"
    assert abs(finding.line - line) <= 1


def test_text_that_is_not_utf8_is_reported() -> None:
    (finding,) = check_syntax(parse_files({"a.tf": b'a = "\xff"\n'})).findings
    assert finding.place == "a.tf:1"
    assert "UTF-8" in finding.message
