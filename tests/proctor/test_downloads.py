"""The zips of Canvas and Moodle: whose notebook is whose, and what a hostile zip cannot do."""

import hashlib
import io
import re
import stat
import warnings
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctor import downloads
from proctor.downloads import DownloadError, open_download

NOTEBOOK = b'{"nbformat": 4}'
WORDS = st.text("abÿßकी木_19", max_size=12)


def pack(files, **options) -> bytes:
    """A zip of ``(name, bytes)`` pairs."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there twice
        for name, content in files:
            info = zipfile.ZipInfo(name, options.get("date", (2026, 10, 2, 8, 0, 0)))
            info.compress_type = options.get("method", zipfile.ZIP_DEFLATED)
            info.external_attr = options.get("mode", stat.S_IFREG | 0o644) << 16
            archive.writestr(info, content)
    return data.getvalue()


@pytest.fixture
def find(tmp_path):
    def find(data, known=None):
        path = tmp_path / "submissions.zip"
        path.write_bytes(data)
        with open_download(path, "warmup", known) as download:
            for one in download.found:
                assert hashlib.sha256(download.read(one)).hexdigest() == one.sha256
            return [(one.key, one.order, one.late) for one in download.found], download.problems

    return find


def names(*files):
    return pack([(name, NOTEBOOK) for name in files])


def test_canvas(find):
    found, problems = find(
        names(
            "lovelaceada_4711_90001_warmup.ipynb",
            "hopper_LATE_4712_90002_warmup-1.ipynb",
            "नूरजहाँ_4713_90003_my work.ipynb",  # marks are word characters in Canvas
            "turing_4714_90004_01_warmup.ipynb",  # no id begins with a zero
        )
    )
    assert problems == []
    assert found == [("4711", 90001, False), ("4712", 90002, True), ("4713", 90003, False), ("4714", 90004, False)]


def test_canvas_attempts_come_in_the_order_of_their_attachments(find):
    found, _ = find(names("ada_7_101_warmup-2.ipynb", "ada_7_99_warmup.ipynb", "ada_7_100_warmup-1.ipynb"))
    assert [order for _, order, _ in found] == [99, 100, 101]
    found, _ = find(names("ada_7_99_warmup.ipynb", "ada_7_100_scratch.ipynb", "ada_7_101_data.csv"))
    assert [order for _, order, _ in found] == [99]  # what is called like the assignment comes first


@pytest.mark.parametrize(
    "name",
    [
        "Ada Lovelace_17_assignsubmission_file/warmup.ipynb",
        "Ada Lovelace_17_assignsubmission_file_/warmup.ipynb",
        "Ada Lovelace_17_assignsubmission_file_/sub/folder/warmup.ipynb",
        "Ada Lovelace_17_assignsubmission_file_warmup.ipynb",
        "downloaded/Ada Lovelace_17_assignsubmission_file_/warmup.ipynb",
        "Participant_17_assignsubmission_file_/my warmup (2).ipynb",
    ],
)
def test_moodle(find, name):
    assert find(names(name)) == ([("17", 20261002080000, False)], [])


def test_a_student_cannot_hand_in_for_another(find):
    """Names of files, and on many platforms one's own name, are the student's to choose."""
    for name in (
        "Eve_66_assignsubmission_file_/Ada_17_assignsubmission_file_/warmup.ipynb",
        "Eve_66_assignsubmission_file_x_17_assignsubmission_file_warmup.ipynb",
        "top/Eve_66_assignsubmission_file_/Ada_17_assignsubmission_file_/warmup.ipynb",
        "eve_66_90001_ada_17_80001_warmup.ipynb",
        "eve_66_90001_ada_LATE_17_80001_warmup.ipynb",
        "eve_LATE_66_90001_17_80001_warmup.ipynb",
    ):
        assert [key for key, _, _ in find(names(name))[0]] == ["66"], name
    # A name that ends in "_17", or a file whose name begins with numbers: nobody can tell, so nobody gets it.
    for name in ("eve_17_66_90001_warmup.ipynb", "eve_66_90001_80001_warmup.ipynb"):
        found, problems = find(names(name))
        assert found == [] and "cannot tell whose it is" in problems[0]
    assert find(names("eve_66_90001_80001_warmup.ipynb"), known={"66", "17"})[0] == [("66", 90001, False)]
    assert find(names("eve_17_66_90001_warmup.ipynb"), known={"66", "17"})[0] == []


@given(WORDS, st.integers(1, 10**15), st.integers(1, 10**15), st.text("aA_LTE179.- (é\n", min_size=1, max_size=20))
def test_a_canvas_name_is_read_as_it_was_made_or_not_at_all(name, user, attachment, file):
    name = re.sub(r"_(\d+)_", r"\1", name).lower()  # as Canvas does
    file = re.sub(r'[\x00/\\:*?"<>|]+', "_", file)
    info = zipfile.ZipInfo(f"{name}_{user}_{attachment}_{file}")
    readings = [(one.key, one.order, one.file) for one in downloads._readings(info, 0)]
    assert (str(user), attachment, file) in readings or re.search(r"_\d+_", name)
    assert len(readings) <= 3


@given(st.text(max_size=60))
def test_no_name_breaks_the_reading(name):
    assert len(list(downloads._readings(zipfile.ZipInfo(name), 0))) < 20


def test_what_is_no_notebook_is_named(find):
    found, problems = find(
        names(
            "ada_7_99_warmup.ipynb",
            "bob_8_98_warmup.pdf",
            "eve_9_text.html",
            "Cy Twombly_10_assignsubmission_onlinetext_/onlinetext.html",
            "notes.txt",
            "__MACOSX/._ada_7_99_warmup.ipynb",
            ".DS_Store",
        )
    )
    assert found == [("7", 99, False)]
    assert sorted(problems) == [
        "'notes.txt': not a name that Canvas or Moodle gives",
        "10: no notebook, but: 'onlinetext.html'",
        "8: no notebook, but: 'warmup.pdf'",
        "9: no notebook, but: 'text.html'",
    ]


def test_several_notebooks_handed_in_together(find):
    folder = "Ada_17_assignsubmission_file_"
    found, problems = find(names(f"{folder}/a.ipynb", f"{folder}/b.ipynb"))
    assert found == [] and "17: several notebooks, and it is unclear which one counts: 'a.ipynb'" in problems[0]
    assert len(find(names(f"{folder}/warmup.ipynb", f"{folder}/b.ipynb"))[0]) == 1
    assert len(find(names(f"{folder}/warmup.ipynb", f"{folder}/warmup (1).ipynb"))[0]) == 1


def test_only_the_students_of_the_table(find):
    found, problems = find(names("ada_7_99_warmup.ipynb", "bob_8_98_warmup.ipynb"), known={"7"})
    assert found == [("7", 99, False)] and problems == ["'bob_8_98_warmup.ipynb': 8 is not in the table of names"]


def test_names_are_shown_harmlessly(find):
    _, problems = find(names("evil\x1b[31m\u202e\n.ipynb"))
    assert problems[0].isprintable()


def test_a_notebook_that_is_too_large_costs_its_student_only(find, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_FILE", 100)
    found, problems = find(pack([("ada_7_99_warmup.ipynb", NOTEBOOK), ("bob_8_98_warmup.ipynb", bytes(101))]))
    assert found == [("7", 99, False)] and "8: 'bob_8_98_warmup.ipynb' is larger than 100 bytes" in problems[0]


ADA = "ada_7_99_warmup.ipynb"


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "expected the zip of Canvas or Moodle, got BadZipFile"),
        (b"PK\x05\x06", "expected the zip"),
        (NOTEBOOK, "expected the zip"),
        (names(ADA)[:-30], "expected the zip"),
        (pack([(ADA, NOTEBOOK)], method=zipfile.ZIP_STORED).replace(NOTEBOOK, bytes(len(NOTEBOOK))), "is damaged"),
        (pack([]), "there is no file in it"),
        (pack([("__MACOSX/x", b"")]), "there is no file in it"),
        (names(f"/{ADA}"), "unsafe name"),
        (names(f"../../{ADA}"), "unsafe name"),
        (names(f"x/../../{ADA}"), "unsafe name"),
        (names(ADA, "."), r"unsafe name '\.'"),
        (names(ADA, "./."), r"unsafe name '\./\.'"),
        (names(ADA, ""), "unsafe name ''"),
        (names(ADA, ADA), "is there twice"),
        (pack([(ADA, b"/etc/passwd")], mode=stat.S_IFLNK | 0o777), "is a link or a device"),
        (pack([(ADA, b"")], mode=stat.S_IFIFO | 0o644), "is a link or a device"),
        (pack([(ADA, NOTEBOOK)], method=zipfile.ZIP_LZMA), "packed in a way that no platform uses"),
    ],
)
def test_a_zip_that_no_platform_writes_is_refused(find, data, message):
    with pytest.raises(DownloadError, match=message):
        find(data)


def test_a_zip_packed_again_may_hold_its_own_folder(find):
    assert find(names("./", f"./{ADA}")) == ([("7", 99, False)], [])


def test_an_encrypted_zip_is_refused(find):
    data = bytearray(names(ADA))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(DownloadError, match="encrypted"):
        find(bytes(data))


def test_bombs_are_refused_before_anything_is_unpacked(find, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_MEMBERS", 2)
    with pytest.raises(DownloadError, match="at most 2 files, got 3"):
        find(names("a", "b", "c"))
    monkeypatch.setattr(downloads, "MAX_FILE", 1000)
    monkeypatch.setattr(downloads, "_read", None)
    with pytest.raises(DownloadError, match="are no download of a class"):
        find(pack([(ADA, bytes(2**20))]))
    monkeypatch.setattr(downloads, "MAX_TOTAL", 10)
    with pytest.raises(DownloadError, match="are no download of a class"):
        find(names(ADA))


@given(st.data())
def test_no_damage_breaks_the_reading(tmp_path_factory, data):
    good = names(ADA, "bob_8_98_warmup.ipynb")
    spoiled = bytearray(good)
    for _ in range(data.draw(st.integers(1, 6))):
        spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "spoiled.zip"
    path.write_bytes(bytes(spoiled[: data.draw(st.integers(0, len(spoiled)))]))
    try:
        with open_download(path, "warmup") as download:
            assert all(download.read(one) is not None for one in download.found)
    except DownloadError as error:
        assert str(path) in str(error)
