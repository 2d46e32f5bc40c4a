"""Looks for attacks on models in text: injection, jailbreaks, exfiltration, scripts and shell commands."""

from pilothouse.guards.injection.scorer import InjectionGuard

__all__ = ["InjectionGuard"]
