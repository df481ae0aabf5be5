"""The report's faces: the variable fonts of the installed packages pinned to the weights and sizes that paper uses. No Django.

Embedding a variable font costs WeasyPrint half a second for each document that it writes; a report is many documents.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import uharfbuzz as harfbuzz

FONT_PACKAGES = {
    "Inter": ("fontpkg_inter", "Inter[opsz,wght].ttf", "Inter-Italic[opsz,wght].ttf"),
    "Source Serif 4": ("fontpkg_source_serif_4", "SourceSerif4[opsz,wght].ttf", "SourceSerif4-Italic[opsz,wght].ttf"),
    "JetBrains Mono": ("fontpkg_jetbrains_mono", "JetBrainsMono[wght].ttf", "JetBrainsMono-Italic[wght].ttf"),
}


@dataclass(frozen=True)
class Face:
    """One face: its name in CSS, its package's family, and where on the font's axes it stands (`optical`: size in points)."""

    family: str
    source: str
    weight: int = 400
    italic: bool = False
    optical: int = 0

    @property
    def file(self) -> str:
        """The file's name inside the folder of faces."""
        return f"{self.family.replace(' ', '')}-{self.weight}{'-Italic' if self.italic else ''}.ttf"


TEXT = Face("Inter", "Inter", 400, optical=14)
STRONG = Face("Inter", "Inter", 600, optical=14)
DISPLAY = Face("Inter Display", "Inter", 600, optical=28)
MONO = Face("JetBrains Mono", "JetBrains Mono", 400)
FACES = (
    TEXT,
    STRONG,
    DISPLAY,
    MONO,
    Face("Source Serif 4", "Source Serif 4", 400, optical=12),
    Face("Source Serif 4", "Source Serif 4", 600, optical=12),
    Face("Source Serif 4", "Source Serif 4", 400, italic=True, optical=12),
)


def write_faces(folder: Path) -> None:
    """Write every face into the folder as a font file of its own; a fifth of a second in all."""
    for face in FACES:
        (folder / face.file).write_bytes(pinned(face))


@cache
def pinned(face: Face) -> bytes:
    """The face as a font without axes."""
    package, upright, italic = FONT_PACKAGES[face.source]
    path = Path(str(files(package))) / "files" / (italic if face.italic else upright)
    source = harfbuzz.Face(harfbuzz.Blob.from_file_path(str(path)))
    wanted = harfbuzz.SubsetInput()
    wanted.keep_everything()
    wanted.pin_axis_location(source, "wght", face.weight)
    if face.optical:
        wanted.pin_axis_location(source, "opsz", face.optical)
    return bytes(harfbuzz.subset(source, wanted).blob.data)


def faces_as_css(folder: Path) -> str:
    """@font-face rules for the faces in the folder."""
    return "\n".join(
        f'@font-face {{ font-family: "{face.family}"; font-style: {"italic" if face.italic else "normal"}; '
        f'font-weight: {face.weight}; src: url("{(folder / face.file).as_uri()}") }}'
        for face in FACES
    )
