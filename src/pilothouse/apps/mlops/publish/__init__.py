"""Publishing: the zip of the repository, the report in Markdown and HTML, and the diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilothouse.apps.mlops.publish.archive import zip_bytes
from pilothouse.apps.mlops.publish.diagram import diagram_svg
from pilothouse.apps.mlops.publish.report import report_html, report_markdown
from pilothouse.apps.mlops.publish.validation_report import validation_files

if TYPE_CHECKING:
    from pilothouse.apps.mlops.agents import PublishRequest

__all__ = ["diagram_svg", "publication", "report_html", "report_markdown", "validation_files", "zip_bytes"]


def publication(request: PublishRequest) -> dict[str, bytes]:
    """Artifact name to bytes, in this order: zip, report as Markdown, report as HTML, diagram.

    The zip holds one folder named as the project: the repository, with the validators' report in docs/.
    The same request gives the same bytes.
    """
    design, reviews = request.build.design, request.build.reviews
    validation, why = request.validation, request.rationale
    project = request.repository.project
    repository = {path: text.encode() for path, text in request.repository.files.items()}
    repository |= validation_files(validation)
    diagram = diagram_svg(design)
    return {
        f"{project}.zip": zip_bytes({f"{project}/{path}": data for path, data in repository.items()}),
        "report.md": report_markdown(design, reviews, validation, why).encode(),
        "report.html": report_html(design, reviews, validation, why, diagram).encode(),
        "architecture.svg": diagram,
    }
