"""Codegen: a design becomes a repository that someone would keep."""

from pilothouse.apps.mlops.codegen.generate import generate, project_name
from pilothouse.apps.mlops.codegen.stack import UnknownComponent
from pilothouse.apps.mlops.codegen.terraform import Unwired

__all__ = ["UnknownComponent", "Unwired", "generate", "project_name"]
