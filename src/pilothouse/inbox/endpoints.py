"""The inbox over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from pilothouse.inbox.schemas import Answer, Question, QuestionQuery
from pilothouse.inbox.service import Questions
from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented


def routes(provide: Callable[..., Awaitable[Questions]]) -> APIRouter:
    """The endpoints; `provide` makes the service for a request."""
    router = APIRouter(prefix="/questions", tags=["questions"])

    @router.get("", responses=documented(400))
    async def list_questions(
        questions: Annotated[Questions, Depends(provide)], query: Annotated[QuestionQuery, Query()]
    ) -> Page[Question]:
        """List questions, the newest first; `status=open` gives those that wait for a person."""
        return await questions.page(query)

    @router.get("/{question_id}", responses=documented(400, 404))
    async def show_question(questions: Annotated[Questions, Depends(provide)], question_id: UUID) -> Question:
        """Show a question, with its answer if it has one."""
        return await questions.show(question_id)

    @router.post("/{question_id}/answer", responses=documented(400, 404, 409))
    async def answer_question(
        questions: Annotated[Questions, Depends(provide)], question_id: UUID, answer: Answer
    ) -> Question:
        """Answer an open question. The same answer again changes nothing; another one is a conflict."""
        return await questions.answer(question_id, answer)

    return router
