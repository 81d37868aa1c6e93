"""Reading the head of a body and replacing values in it, byte for byte."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.gateway.dataplane.body import read_head, rewrite, top_level_fields
from apps.gateway.dataplane.errors import GatewayError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children),
    max_leaves=20,
)
FIELDS = st.dictionaries(
    st.text().filter(lambda name: name not in ("model", "stream", "stream_options")), VALUES
)


def document(fields: dict[str, Any], model: str, *, spaced: bool, ascii_only: bool) -> bytes:
    """A body with `model` somewhere in the middle, as different clients write JSON."""
    names = [*fields]
    middle = len(names) // 2
    ordered = {name: fields[name] for name in names[:middle]}
    ordered["model"] = model
    ordered |= {name: fields[name] for name in names[middle:]}
    separators = (" , ", " : ") if spaced else (",", ":")
    return json.dumps(ordered, separators=separators, ensure_ascii=ascii_only).encode(
        errors="surrogatepass"
    )


class TestRewrite:
    @settings(max_examples=100, deadline=None)
    @given(FIELDS, st.text(min_size=1), st.text(min_size=1), st.booleans())
    def test_only_the_model_changes(
        self, fields: dict[str, Any], model: str, other: str, spaced: bool
    ) -> None:
        body = document(fields, model, spaced=spaced, ascii_only=True)

        changed = rewrite(body, read_head(body), model=other, add_usage=False)

        assert json.loads(changed) == json.loads(body) | {"model": other}
        back = rewrite(changed, read_head(changed), model=model, add_usage=False)
        assert json.loads(back) == json.loads(body)

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ("", {"include_usage": True}),
            (',"stream_options":null', {"include_usage": True}),
            (',"stream_options":{}', {"include_usage": True}),
            (',"stream_options": {"include_usage" :false}', {"include_usage": True}),
            (',"stream_options":{"x":1}', {"x": 1, "include_usage": True}),
            (',"stream_options":7', {"include_usage": True}),
        ],
    )
    def test_usage_is_asked_for(self, options: str, expected: dict[str, Any]) -> None:
        body = f'{{"a":[{{"stream_options":1}}],"model":"m","stream":true{options}}}'.encode()
        head = read_head(body)
        assert not head.wants_usage

        changed = json.loads(rewrite(body, head, model=None, add_usage=True))

        assert changed["stream_options"] == expected
        assert changed["a"] == [{"stream_options": 1}]

    def test_nothing_to_change_is_the_same_object(self) -> None:
        body = b'{"model":"m"}'

        assert rewrite(body, read_head(body), model="m", add_usage=False) is body


class TestTopLevelFields:
    @pytest.mark.slow
    @settings(max_examples=100, deadline=None)
    @given(FIELDS, st.booleans())
    def test_every_field_and_its_value(self, fields: dict[str, Any], spaced: bool) -> None:
        body = document(fields, "m", spaced=spaced, ascii_only=True)

        found = {name: json.loads(body[begin:end]) for name, begin, end in top_level_fields(body)}

        assert found == json.loads(body)


class TestReadHead:
    @settings(max_examples=120, deadline=None)
    @given(st.binary(max_size=200))
    def test_random_bytes_are_refused_or_read(self, body: bytes) -> None:
        with suppress(GatewayError):
            assert read_head(body).model

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"", "empty_body"),
            (b"model=tiny", "invalid_json"),
            (b"\xff\xfe{}", "invalid_json"),
            (b'{"model":"m"', "invalid_json"),
            (b'{"model":"m"} {}', "invalid_json"),
            (b"[]", "invalid_body"),
            (b"{}", "missing_model"),
            (b'{"model":""}', "missing_model"),
            (b'{"model":3}', "invalid_body"),
            (b'{"model":"m","stream":"yes"}', "invalid_body"),
            (b'{"model":"a","x":1,"model":"b"}', "duplicate_field"),
            (b'{"model":"a","mod\\u0065l":"b"}', "duplicate_field"),
        ],
    )
    def test_what_is_refused(self, body: bytes, code: str) -> None:
        with pytest.raises(GatewayError) as refused:
            read_head(body)

        assert (refused.value.status, refused.value.code) == (400, code)

    def test_the_word_model_inside_is_no_second_model(self) -> None:
        body = json.dumps(
            {
                "model": "m",
                "messages": [{"content": 'say "model": "x"', "model": "y"}],
                "tools": {"model": {"type": "string"}},
            }
        ).encode()

        assert read_head(body).model == "m"
