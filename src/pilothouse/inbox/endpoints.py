"""The inbox over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from pilothouse.inbox.schemas import Answer, Approve, Delegate, Edit, Question, QuestionQuery, Refuse
from pilothouse.inbox.service import Questions
from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints


def routes(provide: Callable[..., Awaitable[Questions]]) -> Endpoints:
    """The endpoints; `provide` makes the service for a request."""
    router = Endpoints(prefix="/questions", tags=["questions"])

    @router.get("", responses=documented(400))
    async def list_questions(
        questions: Annotated[Questions, Depends(provide)], query: Annotated[QuestionQuery, Query()]
    ) -> Page[Question]:
        """List questions, the newest first; `status=open` gives those that wait for a person.

        `role=finance` gives those for approver:finance, `mine=true` those that the caller may answer.
        """
        return await questions.page(query)

    @router.get("/{question_id}", responses=documented(400, 404))
    async def show_question(questions: Annotated[Questions, Depends(provide)], question_id: UUID) -> Question:
        """Show a question, with its answer if it has one."""
        return await questions.show(question_id)

    @router.post("/{question_id}/answer", responses=documented(400, 403, 404, 409))
    async def answer_question(
        questions: Annotated[Questions, Depends(provide)], question_id: UUID, answer: Answer
    ) -> Question:
        """Answer an open question. The same answer again changes nothing; another one is a conflict.

        One that names a role is answered by approvers of that role and by admins only.
        """
        return await questions.answer(question_id, answer)

    _decisions(router, provide)
    return router


def _decisions(router: Endpoints, provide: Callable[..., Awaitable[Questions]]) -> None:
    """What approvers do about actions."""

    @router.post("/{question_id}/approve", responses=documented(400, 403, 404, 409))
    async def approve_action(
        questions: Annotated[Questions, Depends(provide)], question_id: UUID, approval: Approve
    ) -> Question:
        """Approve the action of an open question, named by its digest; of another digest it is a conflict.

        The policy of that moment decides again before it runs. The same again changes nothing.
        """
        return await questions.approve(question_id, approval)

    @router.post("/{question_id}/refuse", responses=documented(400, 403, 404, 409))
    async def refuse_action(
        questions: Annotated[Questions, Depends(provide)], question_id: UUID, refusal: Refuse
    ) -> Question:
        """Refuse the action of an open question: it does not run, and the workflow is told the reason."""
        return await questions.refuse(question_id, refusal)

    @router.post("/{question_id}/edit", responses=documented(400, 403, 404, 409))
    async def edit_action(
        questions: Annotated[Questions, Depends(provide)], question_id: UUID, edit: Edit
    ) -> Question:
        """Approve the action of an open question with other arguments: a new action, decided anew.

        Where the tool does not take the arguments, the action is asked about again.
        """
        return await questions.edit(question_id, edit)

    @router.post("/{question_id}/delegate", responses=documented(400, 403, 404, 409))
    async def delegate_action(
        questions: Annotated[Questions, Depends(provide)], question_id: UUID, delegation: Delegate
    ) -> Question:
        """Leave the decision about the action of an open question to another role, or to somebody by name."""
        return await questions.delegate(question_id, delegation)
