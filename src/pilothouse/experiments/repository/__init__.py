"""Queries on experiments: those of a tenant for the API, and what every process and every worker goes by."""

from pilothouse.experiments.repository.book import ExperimentRepository
from pilothouse.experiments.repository.running import RunningExperiments
from pilothouse.experiments.repository.state import COUNT, ExperimentState, InForce

__all__ = ["COUNT", "ExperimentRepository", "ExperimentState", "InForce", "RunningExperiments"]
