from hypothesis import given
from hypothesis import strategies as st

from simulation.frames import Frame, Parser

STREAM = (
    'retry: 3000\ndata: {"type":"connected"}\n\n: heartbeat\n\n'
    'id: 7\ndata: {"type":"täsk"}\n\nid: 8\ndata: a\ndata: b\n\n'
)
FRAMES = [
    Frame(data='{"type":"connected"}', retry=3000),
    Frame(comment=True),
    Frame(data='{"type":"täsk"}', id="7"),
    Frame(data="a\nb", id="8"),
]


def parsed(*chunks: bytes) -> list[Frame]:
    parser = Parser()
    return [frame for chunk in chunks for frame in parser.feed(chunk)]


def test_frames_are_read_with_id_retry_and_comment():
    assert parsed(STREAM.encode()) == FRAMES


@given(cuts=st.lists(st.integers(0, len(STREAM.encode())), max_size=12), newline=st.sampled_from(["\n", "\r\n", "\r"]))
def test_it_does_not_matter_where_the_network_cuts(cuts, newline):
    stream = STREAM.replace("\n", newline).encode()
    edges = [0, *sorted(cuts), len(stream)]
    chunks = [stream[start:end] for start, end in zip(edges, edges[1:], strict=False)]
    # A lone CR at the very end could be half a CRLF, so the last frame waits for one more byte.
    assert parsed(*chunks, b":") == FRAMES


def test_an_unfinished_frame_is_not_given_out():
    assert parsed(b"id: 1\ndata: x\n") == []


def test_only_the_one_space_after_the_colon_is_removed():
    assert parsed(b"data:  x\n\n") == [Frame(data=" x")]
