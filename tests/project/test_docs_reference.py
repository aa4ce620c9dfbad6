"""The reference is complete and true, and so are the other lists of facts.

This module compares the pages with the code, in both directions.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import bedrock_openai_http
from bedrock_openai_http import BedrockOpenAIError, testing
from bedrock_openai_http.validation.validate import RULES
from pages import PAGES, blocks, spans

PACKAGE = bedrock_openai_http.__name__
#: What programs outside of this repository use; these names stay.
CONTRACT = """
    Client AsyncClient ChatCompletionRequest Guardrail
    SystemMessage DeveloperMessage UserMessage AssistantMessage ToolMessage
    TextPart ImagePart AudioPart FilePart FunctionTool ToolCall
    ChatCompletion Choice Message Usage ChatCompletionChunk ChunkChoice Delta ChatCompletionStream
    AsyncChatCompletionStream
    BedrockOpenAIError RequestValidationError ConfigurationError CredentialsError
    APIConnectionError APITimeoutError ResponseFormatError IncompleteStreamError APIStatusError
    BadRequestError AuthenticationError PermissionDeniedError NotFoundError ConflictError
    UnprocessableEntityError RateLimitError InternalServerError
    validate_request build_http_request sign parse_completion iter_chunks HTTPRequest HTTPResponse load_schema
    testing.LocalEndpoint
""".split()

EXPORTED = [name for name in bedrock_openai_http.__all__ if name != "__version__"]
EXPORTED += [f"testing.{name}" for name in testing.__all__]


def public(name: str) -> Any:
    """Return what is exported as `name`."""
    assert name in EXPORTED
    module, _, own = name.rpartition(".")
    return getattr(testing if module else bedrock_openai_http, own)


CLASSES = [name for name in EXPORTED if inspect.isclass(public(name))]


@dataclass(frozen=True)
class Entry:
    """What the reference has below one heading: the names in it, and the text."""

    names: list[str]
    text: str

    @property
    def spans(self) -> set[str]:
        """Every code span of the text."""
        return set(spans(self.text))


def entries() -> list[Entry]:
    parts = re.split(r"^#{2,4} (.+)$", PAGES["docs/reference.md"], flags=re.MULTILINE)[1:]
    return [Entry(spans(heading), text) for heading, text in zip(parts[::2], parts[1::2], strict=True)]


ENTRIES = {name: entry for entry in entries() for name in entry.names}
#: An exception whose heading it shares with others is made like its parent, as its text says.
WITH_SIGNATURE = [name for name, entry in ENTRIES.items() if entry.names == [name]]


def signature(thing: Callable[..., Any], name: str) -> str:
    """Return the signature of a function or class without types, as one writes it down."""
    found = inspect.signature(thing)
    plain = [each.replace(annotation=each.empty) for each in found.parameters.values() if each.name != "self"]
    text = str(found.replace(parameters=plain, return_annotation=found.empty)).replace("=Ellipsis", "=...")
    return f"{name}{text}".replace("<factory>", "{}").replace("<built-in function time>", "time.time")


def squeezed(text: str) -> str:
    """Return `text` without what the layout adds to a signature."""
    return re.sub(r"\s+", "", text).replace('"', "'").replace(",)", ")")


def members(kind: type) -> set[str]:
    """Return the public fields, attributes, properties and methods that a class adds to its bases.

    What both clients are, and both streams, is a base named so, `BaseClient`, without an entry: its members count.
    """
    bases = kind.__mro__[1:-1]
    shared = [base for base in bases if base.__module__.startswith(PACKAGE) and base.__name__.startswith("Base")]
    source = "".join(map(inspect.getsource, [kind, *shared]))
    assigned = re.findall(r"^        self\.([a-z]\w*)(?:: [^=\n]+)? = ", source, re.MULTILINE)
    inherited = {name for base in bases if base not in shared for name in dir(base)}
    own = {name for part in (kind, *shared) for name in vars(part) if not name.startswith("_")} - inherited
    fields = {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()
    return own | fields | set(assigned)


#: Members that whole sections of the reference describe at their beginning, and tags of the wire format.
COMMON = {"to_dict", "from_dict", "kind", "role", "args", "extra", "own_form", "definition", "known", "stand_in"}


def test_every_public_name_has_an_entry() -> None:
    """The reference has a heading for each name that the package and its `testing` export, and for no other."""
    assert set(ENTRIES) == set(EXPORTED)


@pytest.mark.parametrize("name", CONTRACT)
def test_the_contract_holds(name: str) -> None:
    """A name that others rely on can be imported."""
    assert public(name) is not None


@pytest.mark.parametrize("name", WITH_SIGNATURE)
def test_the_signature_is_the_real_one(name: str) -> None:
    """The block of an entry is the signature, with every parameter and default."""
    (block,) = blocks(ENTRIES[name].text, "python")
    assert squeezed(block.text) == squeezed(signature(public(name), name.rpartition(".")[2]))


@pytest.mark.parametrize("name", CLASSES)
def test_every_member_is_described(name: str) -> None:
    """The entry of a class names each of its public fields, attributes, properties and methods."""
    described = {span.removeprefix(".").partition("(")[0] for span in ENTRIES[name].spans}
    assert members(public(name)) - COMMON - described == set()


@pytest.mark.parametrize("name", CLASSES)
def test_every_described_member_exists(name: str) -> None:
    """What an entry spells with a leading dot is a member of the class, and its parameters are the real ones."""
    kind = public(name)
    for span in ENTRIES[name].spans:
        if span.startswith("."):
            member = span[1:].partition("(")[0]
            assert member in members(kind) | set(dir(kind)), span
            if "(" in span:
                assert squeezed(span) == squeezed(signature(getattr(kind, member), f".{member}"))


def test_the_arguments_of_the_client_are_described() -> None:
    """The tables of `Client` and of `LocalEndpoint` have each argument; `AsyncClient` has those that differ."""
    assert inspect.signature(public("AsyncClient")).parameters.keys() == (
        inspect.signature(public("Client")).parameters.keys()
    )
    for name in ("Client", "testing.LocalEndpoint"):
        assert set(inspect.signature(public(name)).parameters) <= ENTRIES[name].spans


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Credentials", {"access_key", "secret_key", "token"}),
        ("APIConnectionError", {"phase", "permanent"}),
        ("RateLimitError", set()),
        ("ChatCompletionStream", {"completion", "close", "request_id", "response", "attempts", "elapsed"}),
        (
            "AsyncChatCompletionStream",
            {"completion", "aclose", "request_id", "response", "attempts", "elapsed"},
        ),
        ("Client", {"complete", "stream", "chat", "with_options", "close"}),
        ("AsyncClient", {"complete", "stream", "chat", "with_options", "aclose"}),
        ("Endpoint", {"name", "root", "api_path", "region", "service", "chat_completions_url"}),
    ],
)
def test_the_members_of_a_class_are_found(name: str, found: set[str]) -> None:
    """The checks above see fields, attributes, properties and methods, those of a base without an entry too."""
    assert members(public(name)) == found


def test_the_rules_of_validation_are_listed() -> None:
    """The page on errors names each rule that is no keyword of JSON Schema."""
    assert set(RULES) <= set(spans(PAGES["docs/errors.md"]))


def test_the_tree_of_exceptions_is_the_real_one() -> None:
    """The tree that the page on errors draws has each exception below its parent."""
    (tree, *_) = blocks(PAGES["docs/errors.md"], "text")
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in tree.text.splitlines():
        found = re.match(r"([ │├└─]*)(\w+)", line)
        assert found is not None
        depth = len(found[1]) // 4
        path[depth:] = [found[2]]
        drawn[found[2]] = path[depth - 1] if depth else "Exception"
    kinds = [public(name) for name in CLASSES if issubclass(public(name), BedrockOpenAIError)]
    real = {kind.__name__: kind.__mro__[1].__name__ for kind in kinds}
    assert drawn == real
