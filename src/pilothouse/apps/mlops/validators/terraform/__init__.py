"""Terraform: parsing with python-hcl2, and the check that every address resolves."""

from __future__ import annotations

from pilothouse.apps.mlops.validators.terraform.references import check_references
from pilothouse.apps.mlops.validators.terraform.syntax import ParsedFile, check_syntax, parse_files

__all__ = ["ParsedFile", "check_references", "check_syntax", "parse_files"]
