"""Downloads from a server on this machine that is whole, slow, truncated, wrong, or not there."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from mirrors import Handler, Site
from samples import NAMES, cifar_like, mnist_like, tar_of

from initscope.core.datasets import data, download, fetch
from initscope.core.datasets.published import PUBLISHED, Published, RemoteFile
from initscope.core.errors import InputError


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Site]]:
    """Two servers on 127.0.0.1."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("INITSCOPE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    running = []
    for _ in range(2):
        site = Site()
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Its", (Handler,), {"site": site}))
        site.url = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        running.append((server, site))
    yield [site for _, site in running]
    for server, _ in running:
        server.shutdown()
        server.server_close()


def silent(name: str, done: int, total: int | None) -> None:
    pass


CONTENT = bytes(range(256)) * 1000


def is_content(path: Path) -> None:
    if path.read_bytes() != CONTENT:
        raise InputError("not the content")


def get(sites: list[Site], target: Path, most: int = 10**6) -> str:
    return download.download([f"{site.url}f" for site in sites], target, is_content, most, silent)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_whole_file(sites: list[Site], tmp_path: Path) -> None:
    sites[0].files["f"] = CONTENT
    seen: list[tuple[str, int, int | None]] = []
    download.download([f"{sites[0].url}f"], tmp_path / "new" / "f", is_content, 10**6, lambda *a: seen.append(a))
    assert (tmp_path / "new" / "f").read_bytes() == CONTENT
    assert left(tmp_path / "new") == ["f"]
    assert seen[-1] == ("f", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_a_transfer_that_breaks_off_is_resumed_at_once(sites: list[Site], tmp_path: Path) -> None:
    sites[0].files["f"] = CONTENT
    sites[0].breaks_after = [1000, 2000]
    get(sites, tmp_path / "f")
    assert [wanted for _, wanted in sites[0].asked] == ["", "bytes=1000-", "bytes=3000-"]
    assert not sites[1].asked


def test_a_transfer_that_stays_broken_is_kept_for_the_next_call(sites: list[Site], tmp_path: Path) -> None:
    sites[0].files["f"] = CONTENT
    sites[0].breaks_after = [5000, 0]
    with pytest.raises(InputError, match=r"broke off after 5,000 of 256,000 bytes; 127.0.0.1:\d+ answered 404"):
        get(sites, tmp_path / "f")
    assert left(tmp_path) == ["f.part"]
    get(sites, tmp_path / "f")
    assert sites[0].asked[-1] == ("/f", "bytes=5000-")
    assert left(tmp_path) == ["f"]


def test_another_mirror_goes_on_where_the_first_stopped(sites: list[Site], tmp_path: Path) -> None:
    sites[0].files["f"] = sites[1].files["f"] = CONTENT
    sites[0].breaks_after = [7000, 0]
    assert get(sites, tmp_path / "f") == f"{sites[1].url}f"
    assert sites[1].asked == [("/f", "bytes=7000-")]


def test_a_server_that_cannot_resume_sends_all_again(sites: list[Site], tmp_path: Path) -> None:
    sites[0].files["f"] = CONTENT
    sites[0].resumes = False
    (tmp_path / "f.part").write_bytes(CONTENT[:99])
    get(sites, tmp_path / "f")
    assert left(tmp_path) == ["f"]


def test_a_server_that_resumes_at_another_place_is_left(sites: list[Site], tmp_path: Path) -> None:
    sites[0].files["f"] = sites[1].files["f"] = CONTENT
    sites[0].shifted = True
    (tmp_path / "f.part").write_bytes(CONTENT[:99])
    assert get(sites, tmp_path / "f") == f"{sites[1].url}f"


def test_a_wrong_piece_is_thrown_away_and_all_is_fetched_anew(sites: list[Site], tmp_path: Path) -> None:
    sites[0].files["f"] = CONTENT
    for piece in (b"wrong", bytes(len(CONTENT)), bytes(len(CONTENT) + 9)):  # too short, just as long, too long
        (tmp_path / "f.part").write_bytes(piece)
        get(sites, tmp_path / "f")
        assert (tmp_path / "f").read_bytes() == CONTENT
        assert sites[0].asked[-1] == ("/f", "")


def test_a_piece_that_is_the_whole_file_is_enough(sites: list[Site], tmp_path: Path) -> None:
    sites[0].files["f"] = CONTENT
    (tmp_path / "f.part").write_bytes(CONTENT)
    get(sites, tmp_path / "f")
    assert sites[0].asked == [("/f", f"bytes={len(CONTENT)}-")]


def test_a_wrong_file_is_passed_over(sites: list[Site], tmp_path: Path) -> None:
    sites[0].files["f"] = b"<html>please log in</html>"
    with pytest.raises(InputError, match=r"sent another file: not the content; .* answered 404"):
        get(sites, tmp_path / "f")
    assert left(tmp_path) == []
    sites[1].files["f"] = CONTENT
    assert get(sites, tmp_path / "f") == f"{sites[1].url}f"


@pytest.mark.parametrize("announces", [True, False])
def test_a_file_without_end(sites: list[Site], tmp_path: Path, announces: bool) -> None:
    sites[0].files["f"] = bytes(2 * 10**6)
    sites[0].announces = announces
    with pytest.raises(InputError, match=r"(has a file of 2,000,000 bytes, more than|sent more than) 1,000,000"):
        get(sites, tmp_path / "f")
    assert left(tmp_path) == []


def test_without_an_announced_length(sites: list[Site], tmp_path: Path) -> None:
    sites[0].files["f"] = CONTENT
    sites[0].announces = False
    get(sites, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_the_disk_is_not_the_mirrors_fault(sites: list[Site], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file: cannot be written"):
        get(sites, tmp_path / "file" / "f")
    (tmp_path / "f.part").mkdir()
    sites[0].files["f"] = CONTENT
    with pytest.raises(InputError, match=r"f\.part: cannot be written \(Is a directory\)"):
        get(sites, tmp_path / "f")


def test_two_at_once(sites: list[Site], tmp_path: Path) -> None:
    sites[0].files["f"] = CONTENT

    def meddle(path: Path) -> None:
        with pytest.raises(InputError, match="is being fetched by another process"):
            get(sites, tmp_path / "f")

    download.download([f"{sites[0].url}f"], tmp_path / "f", meddle, 10**6, silent)


# Whole data sets


def small_mnist(site: Site, tmp_path: Path, packed_sums: bool = False) -> Published:
    """MNIST with few pictures, on a server."""
    content = mnist_like(tmp_path / "served")
    site.files = {f"{name}.gz": (tmp_path / "served" / f"{name}.gz").read_bytes() for name in content}
    files = tuple(
        RemoteFile(f"{name}.gz", hashlib.sha256(site.files[f"{name}.gz"] if packed_sums else raw).hexdigest(), unpacked)
        for name, raw in content.items()
        for unpacked in [not packed_sums]
    )
    return replace(PUBLISHED["mnist"], files=files, shape=(40, 4, 3), test_examples=20)


@pytest.mark.parametrize("packed_sums", [True, False])
def test_a_data_set_is_fetched_checked_and_found(sites: list[Site], tmp_path: Path, packed_sums: bool) -> None:
    known = small_mnist(sites[0], tmp_path, packed_sums)
    fetched = fetch.fetch(known, tmp_path / "data", silent, [sites[1].url, sites[0].url])
    assert fetched.folder == tmp_path / "data" / "mnist"
    assert left(fetched.folder) == sorted(f"{name}.gz" for name in NAMES)
    assert fetched.sources == tuple(f"{sites[0].url}{name}.gz" for name in NAMES)
    assert fetched.summary == "40 for training and 20 for testing of 4x3, 10 classes of 4 and 2 each"
    assert data.load("mnist").n_train == 40
    asked = len(sites[0].asked)
    assert fetch.fetch(known, tmp_path / "data", silent, [sites[0].url]).sources == ("",) * 4
    assert len(sites[0].asked) == asked


def test_a_mirror_may_have_packed_it_otherwise(sites: list[Site], tmp_path: Path) -> None:
    known = small_mnist(sites[0], tmp_path)
    for name, packed in sites[0].files.items():
        sites[0].files[name] = gzip.compress(gzip.decompress(packed), 1)
    assert fetch.fetch(known, tmp_path / "data", silent, [sites[0].url]).summary


def test_a_wrong_file_of_a_data_set(sites: list[Site], tmp_path: Path) -> None:
    known = small_mnist(sites[0], tmp_path)
    right = sites[0].files[f"{NAMES[1]}.gz"]
    for wrong in (gzip.compress(b"other"), right[:-9], b"<html>"):
        sites[0].files[f"{NAMES[1]}.gz"] = wrong
        with pytest.raises(InputError, match="sent another file") as caught:
            fetch.fetch(known, tmp_path / "data", silent, [sites[0].url])
        for word in ("by hand", *NAMES, "https://", f"'{tmp_path / 'data' / 'mnist'}'", "goes on where it stopped"):
            assert word in str(caught.value)
        assert "\n" not in str(caught.value)
        assert left(tmp_path / "data" / "mnist") == [f"{NAMES[0]}.gz"]
    sites[0].files[f"{NAMES[1]}.gz"] = right
    assert fetch.fetch(known, tmp_path / "data", silent, [sites[0].url]).sources[0] == ""


def test_a_wrong_file_that_is_there_already_is_not_touched(sites: list[Site], tmp_path: Path) -> None:
    known = small_mnist(sites[0], tmp_path)
    mine = tmp_path / "data" / "mnist" / f"{NAMES[0]}.gz"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"sha256 .*, not .*; move it away, then fetch again"):
        fetch.fetch(known, tmp_path / "data", silent, [sites[0].url])
    assert mine.read_bytes() == b"mine"


def test_no_network_says_how_to_place_the_file(sites: list[Site], tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        fetch.fetch(PUBLISHED["cifar10"], tmp_path / "data", silent, ["http://127.0.0.1:9/"])
    for word in ("cannot be reached", "by hand", "cifar-10-binary.tar.gz", str(tmp_path / "data" / "cifar10")):
        assert word in str(caught.value)


def test_an_archive_is_fetched(sites: list[Site], tmp_path: Path) -> None:
    cifar_like(tmp_path / "bin")
    tar_of(tmp_path / "bin", tmp_path / "a.tar.gz")
    raw = (tmp_path / "a.tar.gz").read_bytes()
    sites[0].files["cifar-10-binary.tar.gz"] = raw
    file = RemoteFile("cifar-10-binary.tar.gz", hashlib.sha256(raw).hexdigest())
    known = replace(PUBLISHED["cifar10"], files=(file,), shape=(50, 32, 32, 3), test_examples=10)
    assert "50 for training" in fetch.fetch(known, tmp_path / "data", silent, [sites[0].url]).summary
    assert data.load("cifar10").n_test == 10
    with pytest.raises(InputError, match="holds"):
        fetch.fetch(replace(known, test_examples=11), tmp_path / "data", silent)


def test_the_table_of_known_data_sets() -> None:
    for name, known in PUBLISHED.items():
        assert fetch.published(name.upper()) is known
        assert all(mirror.startswith("http") and mirror.endswith("/") for mirror in known.mirrors)
        assert all(len(bytes.fromhex(file.sha256)) == 32 for file in known.files)
        assert len({file.sha256 for file in known.files}) == len(known.files)
    with pytest.raises(InputError, match="unknown data set to fetch 'mnits': did you mean mnist"):
        fetch.published("mnits")


@pytest.mark.parametrize("mirror", ["file:///etc/", "ftp://a/", "http://", "http://[::1", "http://a b/", "http://ä/"])
def test_mirrors_that_are_no_addresses(mirror: str) -> None:
    with pytest.raises(InputError, match="must begin with https:// or http:// and be an address"):
        fetch.fetch(PUBLISHED["mnist"], Path("nowhere"), silent, [mirror])
