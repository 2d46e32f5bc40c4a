"""Who may see the rows of all tenants: everything else reads within a scope, under row-level security.

A repository is made with a scope, and nothing but repositories names the tables themselves.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from checks.queries import may_query
from checks.tree import Finding, Source, Tree

MAINTENANCE = {
    "src/pilothouse/audit/batching.py": "writes entries of all tenants together",
    "src/pilothouse/audit/sequencing.py": "gives the entries of all tenants their places",
    "src/pilothouse/audit/keeping.py": "lets entries of all tenants leave",
    "src/pilothouse/audit/publishing.py": "publishes the heads of all tenants",
    "src/pilothouse/tenants/repository/holdings.py": "exports and erases whole tenants",
    "src/pilothouse/tenants/working.py": "does what was asked about whole tenants",
    "src/pilothouse/telemetry/cluster.py": "counts what the installation does",
    "src/pilothouse/retention/removing.py": "applies the rules of all tenants",
    "src/pilothouse/guards/repository.py": "what the runtime has masked, of the run that it executes",
    "src/pilothouse/modelling.py": "forgets what models answered to any tenant long ago",
    "src/pilothouse/llm/overriding.py": "knows the aliases of all tenants whose runs are executed",
    "src/pilothouse/vault/keyring.py": "looks up the keys of the tenant whose value is sealed",
    "src/pilothouse/vault/service.py": "looks after the keys of all tenants",
    "src/pilothouse/vault/resealing.py": "seals anew what older keys of any tenant have sealed",
    "src/pilothouse/notifications/delivering.py": "delivers the messages of all tenants",
    "src/pilothouse/experiments/tending.py": "stops bad arms and advances rollouts of all tenants",
    "src/pilothouse/people/standing.py": "a session, a token or a link says whose it is",
    "src/pilothouse/people/signing_in.py": "finds out who comes, before there is a scope",
    "src/pilothouse/people/lockout.py": "counts failures of those who have not signed in",
    "src/pilothouse/people/redeeming.py": "the link that was sent says who comes, and of which tenant",
    "src/pilothouse/keys/verifying.py": "finds out whose key somebody comes with, before there is a scope",
    "src/pilothouse/auth/sessions.py": "the session that was sent says who comes, and of which tenant",
    "src/pilothouse/auth/grants.py": "the refresh token that was sent says who comes",
    "src/pilothouse/auth/links.py": "redeems the link of this machine, before there is a scope",
    "src/pilothouse/auth/identities.py": "looks whether there is the tenant that a provider names",
    "src/pilothouse/health/service.py": "looks at the database itself",
    "src/pilothouse/health/examination.py": "looks at the database itself",
    "src/pilothouse/readiness/database.py": "looks at the database itself",
    "src/pilothouse/readiness/operations.py": "looks at the backups of the installation",
    "src/pilothouse/secrets/ledger.py": "knows the secrets of the installation, before there is a scope",
    "src/pilothouse/resilience/board.py": "breakers are the installation's: each process tells of its own",
}
"""The modules that open a session without a scope, each with its reason."""

UNSCOPED = {
    "src/pilothouse/audit/repository/keeping.py": {
        "Leaving.due": "applies the rules of all tenants",
    },
    "src/pilothouse/audit/repository/sequencing.py": {
        "Sequencing.lead": "one leader for all tenants",
        "Sequencing.due": "looks whether anybody has recorded anything",
        "Sequencing.behind": "how long the oldest entry of any tenant waits",
        "Sequencing.place": "places the entries of all tenants",
        "Sequencing.place_these": "places the entries of all tenants",
        "Sequencing.grow": "trees of all tenants grow",
        "Sequencing.unsigned": "signs the trees of all tenants",
        "Sequencing.signed_otherwise": "hands the trees of all tenants over to a new key",
        "Sequencing.trees": "the trees of the tenants that were handed over",
        "Sequencing.keep_heads": "heads of all tenants, each of which names its own",
        "Sequencing.unpublished": "publishes the heads of all tenants",
        "Sequencing.published": "publishes the heads of all tenants",
    },
    "src/pilothouse/auth/repository.py": {
        "AuthRepository.add": "keeps what was made for a person whose tenant it names",
        "AuthRepository.by_digest": "the session's id says who comes",
        "AuthRepository.by_id": "the access token says whose session it is",
        "AuthRepository.seen": "a session that was found is noted",
        "AuthRepository.replace": "the browser's id says which session ends",
        "AuthRepository.refresh_token": "the refresh token says who comes",
        "AuthRepository.use_link": "the link of this machine belongs to no tenant",
        "AuthRepository.anybody_came": "whether anybody has ever signed in here",
        "AuthRepository.tidy": "removes what is over, whosever it was",
    },
    "src/pilothouse/experiments/repository/running.py": {
        "RunningExperiments.ids": "tends the experiments of all tenants",
        "RunningExperiments.take": "tends the experiments of all tenants",
        "RunningExperiments.tallies": "what was counted of the experiment that was taken",
        "RunningExperiments.record": "records in the log of the experiment's own tenant",
        "RunningExperiments.notify": "tells those of the experiment's own tenant",
    },
    "src/pilothouse/keys/repository.py": {
        "KeyLookup.find": "the key says whose it is",
        "KeyLookup.used": "a key that was found is noted",
        "KeyLookup.older": "warns of old keys of all tenants",
    },
    "src/pilothouse/limits/repository.py": {
        "LimitRepository.all": "limits are the installation's, whoever is limited",
    },
    "src/pilothouse/resilience/repository.py": {
        "BreakerRepository.overrides": "breakers are the installation's",
        "BreakerRepository.now": "the database's time",
        "BreakerRepository.reports": "breakers are the installation's",
        "BreakerRepository.put": "breakers are the installation's: operators of the home tenant set them",
        "BreakerRepository.reset": "breakers are the installation's: operators of the home tenant set them",
        "BreakerRepository.report": "each process tells of its own breakers",
        "BreakerRepository.leave": "a process that ends takes its own rows away",
    },
    "src/pilothouse/notifications/repository/outbox.py": {
        "OutboxRepository.collect": "makes notices for all tenants, each from a row that names its own",
        "OutboxRepository.unspread": "notices of all tenants, each of which names its own",
        "OutboxRepository.targets": "the notice says whose targets",
        "OutboxRepository.spread": "the notice says whose targets",
        "OutboxRepository.spreading_done": "notes how far a notice has come",
        "OutboxRepository.claim": "takes deliveries of all tenants",
        "OutboxRepository.notice": "the notice of a delivery that was taken",
        "OutboxRepository.end": "ends a delivery that was taken",
        "OutboxRepository.again": "puts a delivery off that was taken",
        "OutboxRepository.disable": "the receiver of a delivery that was taken is gone",
        "OutboxRepository.forget": "removes what is over, whosever it was",
    },
    "src/pilothouse/people/repository/doors.py": {
        "DoorRepository.person": "a session or link says who comes",
        "DoorRepository.people": "an address may be in several tenants",
        "DoorRepository.link": "the link that was sent says who comes",
        "DoorRepository.attempt": "failures of those who have not signed in",
        "DoorRepository.take_back": "failures of those who have not signed in",
        "DoorRepository.forget": "failures of those who have not signed in",
        "DoorRepository.tidy": "failures of those who have not signed in",
    },
    "src/pilothouse/retention/repository/removal.py": {
        "Removal.due": "applies the rules of all tenants",
        "Removal.is_wholly_past": "looks at what of any tenant is past",
        "Removal.batch": "takes what of any tenant is past",
        "Removal.move_on": "notes how far a rule has come",
        "Removal.let_go": "decisions of any tenant that no hold keeps any more",
        "Removal.freed": "contents that no run names any more",
        "Removal.forget": "contents that no run names any more",
        "Removal.look_later": "contents that no run names any more",
    },
    "src/pilothouse/secrets/repository.py": {
        "MarkRepository.of": "secrets are the installation's",
        "MarkRepository.add": "secrets are the installation's",
        "MarkRepository.remove": "secrets are the installation's",
    },
    "src/pilothouse/tenants/repository/jobs.py": {
        "Jobs.take": "takes what was asked about any tenant",
        "Jobs.progress": "notes how far the job that was taken has come",
        "Jobs.part": "keeps a part of the job that was taken",
        "Jobs.finish": "ends the job that was taken",
        "Jobs.drop_parts": "removes the files of a job",
        "Jobs.expired": "files of all tenants that are too old",
    },
    "src/pilothouse/vault/repository/keys.py": {
        "KeyRepository.tenants": "looks after the keys of all tenants",
        "KeyRepository.wrapped_otherwise": "wraps the keys of all tenants anew",
        "KeyRepository.wrappings": "counts the wrappings of all tenants' keys",
        "KeyRepository.due": "seals anew what is due, of all tenants or of one",
        "KeyRepository.moved_on": "notes how far the work that was taken has come",
    },
    "src/pilothouse/workers/repository.py": {
        "WorkerRepository.all": "workers execute the runs of all tenants",
    },
}
"""Methods that see rows of all tenants, by module, each with its reason; others take a scope or a tenant."""

_UNSCOPED_CLASSES = {name.partition(".")[0] for names in UNSCOPED.values() for name in names}
_SCOPE, _TENANT = ("scope", "Scope"), ("tenant_id", "str")
_BASE = "src/pilothouse/kit/repository.py"
_REMEDY = "take a Scope or a tenant_id, or list module and method with the reason in checks/access.py"


def sessions_without_scope(tree: Tree) -> Iterator[Finding]:
    """`Database.maintenance` is called by the listed modules only."""
    for source in tree.python("src/pilothouse"):
        if source.path in MAINTENANCE:
            continue
        for node in source.nodes:
            if isinstance(node, ast.Attribute) and node.attr == "maintenance":
                yield source.finding(
                    node.lineno,
                    "a session without a scope",
                    "use Database.session(scope), or list the module with its reason in checks/access.py",
                )


def repositories_without_scope(tree: Tree) -> Iterator[Finding]:
    """Repositories derive from `Repository`, which cannot be made without a scope, nor can they.

    What works in a session and is made without one takes the tenant in each method, but for the listed ones.
    """
    for source in tree.python("src/pilothouse"):
        if source.path.startswith("src/pilothouse/apps/"):
            continue
        unused = set(UNSCOPED.get(source.path, ()))
        for node in source.nodes:
            if not isinstance(node, ast.ClassDef):
                continue
            made = _maker(node)
            if source.path == _BASE or _derives(node):
                if made is not None and node.name.endswith("Repository") and not _takes(made, _SCOPE):
                    yield source.finding(made.lineno, f"{node.name} is made without a scope", _REMEDY)
            elif node.name.endswith("Repository") or (may_query(source) and _works_in_a_session(made)):
                yield from _methods_without_tenant(source, node, made, unused)
        for name in sorted(unused):
            yield source.finding(
                1, f"{name} is listed in vain", "remove it from UNSCOPED in checks/access.py"
            )


def _methods_without_tenant(
    source: Source, node: ast.ClassDef, made: ast.FunctionDef | None, unused: set[str]
) -> Iterator[Finding]:
    """The methods that anybody may call and that name no tenant; `unused` loses those that are listed."""
    if made is not None and _takes(made, _TENANT):
        return
    methods = [item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
    if not methods:
        yield source.finding(node.lineno, f"{node.name} is made without a scope", _REMEDY)
    for method in methods:
        name = f"{node.name}.{method.name}"
        if method.name.startswith("_") or _takes(method, _TENANT) or _takes(method, _SCOPE):
            continue
        if name in UNSCOPED.get(source.path, ()):
            unused.discard(name)
        else:
            yield source.finding(method.lineno, f"{name} works without a scope", _REMEDY)


def raw_tables(tree: Tree) -> Iterator[Finding]:
    """Nothing but repositories, kit and runtime names a table of the database by itself."""
    for source in tree.python("src/pilothouse"):
        if may_query(source):
            continue
        named = _table_makers(source)
        for node in source.nodes:
            match node:
                case ast.Call(func=ast.Name(id=name)) if name in named:
                    line = node.lineno
                case _:
                    continue
            yield source.finding(line, "a table outside a repository", "ask the domain's repository")


def _derives(node: ast.ClassDef) -> bool:
    """Whether a class has a base that is a repository: such a one is checked itself, where it stands."""
    names = [getattr(base, "id", getattr(base, "attr", "")) for base in node.bases]
    return any(name.endswith("Repository") and name not in _UNSCOPED_CLASSES for name in names)


def _maker(node: ast.ClassDef) -> ast.FunctionDef | None:
    made = (item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")
    return next(made, None)


def _works_in_a_session(made: ast.FunctionDef | None) -> bool:
    return made is not None and any(_annotation(item) == "AsyncSession" for item in made.args.args)


def _takes(made: ast.FunctionDef | ast.AsyncFunctionDef, wanted: tuple[str, str]) -> bool:
    """Whether a function has a parameter of this name and type that has to be given."""
    plain = [*made.args.posonlyargs, *made.args.args]
    required = plain[: len(plain) - len(made.args.defaults)]
    named = zip(made.args.kwonlyargs, made.args.kw_defaults, strict=True)
    required += [item for item, default in named if default is None]
    return any((item.arg, _annotation(item)) == wanted for item in required)


def _annotation(item: ast.arg) -> str | None:
    return item.annotation.id if isinstance(item.annotation, ast.Name) else None


def _table_makers(source: Source) -> set[str]:
    """The names under which SQLAlchemy's lightweight and full tables are known in a file."""
    found: set[str] = set()
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
            found |= {alias.asname or alias.name for alias in node.names if alias.name in {"table", "Table"}}
    return found
