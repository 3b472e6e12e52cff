"""The lanes' colours: readable on light and dark, told apart by colour-blind eyes, and by few-coloured terminals."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.color import Color, ColorSystem
from textual.color import Color as Shade
from textual.theme import BUILTIN_THEMES

from initscope.tui.charts import PALETTE
from initscope.tui.heatmap import COOL, WARM
from initscope.tui.sheet import GREY, RGB

# Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# IEEE Transactions on Visualization and Computer Graphics 15(6), 2009; severity 1.0, on linear RGB.
SIGHT = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
APART = 20
"""In CIELAB, where 2.3 is just noticeable side by side; thin lines and small letters need several times that."""
OKABE_ITO = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233), (240, 228, 66))


def linear(colour: RGB) -> NDArray[np.float64]:
    """sRGB without its gamma (IEC 61966-2-1), shape (3,), 0..1."""
    part = np.array(colour) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def cielab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE 1976 L*, a*, b* under D65 of linear RGB, shape (3,)."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    share = to_xyz @ rgb / (to_xyz @ np.ones(3))
    x, y, z = np.where(share > (6 / 29) ** 3, np.cbrt(share), share * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one: RGB, other: RGB, sight: str) -> float:
    seen = [cielab(np.clip(SIGHT[sight] @ linear(colour), 0, 1)) for colour in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))


def contrast(one: RGB, other: RGB) -> float:
    """WCAG 2.1's ratio, 1 to 21."""
    darker, lighter = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("sight", SIGHT)
def test_every_two_lanes_have_colours_that_differ(sight: str) -> None:
    near = {pair: distance(*pair, sight) for pair in combinations(PALETTE, 2)}
    assert len(near) == 28
    assert min(near.values()) >= APART, min(near, key=lambda pair: near[pair])


def test_the_simulation_knows_colours_that_do_not_differ() -> None:
    """Red and a green of the same use are far apart to usual eyes only; Okabe and Ito's seven are told apart."""
    red, green = (190, 60, 0), (110, 120, 0)
    assert distance(red, green, "usual") > 2.5 * distance(red, green, "deuteranopia")
    assert all(distance(*pair, sight) > 10 for sight in SIGHT for pair in combinations(OKABE_ITO, 2))


def backgrounds() -> dict[str, RGB]:
    """What the lab is drawn on, in both themes, and what terminals have."""
    found = {name: BUILTIN_THEMES[name].to_color_system().generate()["background"] for name in THEMES}
    return {name: Shade.parse(value).rgb for name, value in found.items()} | {
        "black": (0, 0, 0), "near-black": (24, 24, 24), "white": (255, 255, 255),
    }  # fmt: skip


THEMES = ("textual-dark", "textual-light")


@pytest.mark.parametrize("colour", [*PALETTE, COOL, WARM, GREY])
@pytest.mark.parametrize("background", [*THEMES, "black", "near-black", "white"])
def test_every_colour_is_readable_on_light_and_dark(colour: RGB, background: str) -> None:
    assert contrast(colour, backgrounds()[background]) >= 3


def test_the_contrast_of_black_and_white_is_the_greatest() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)


@pytest.mark.parametrize(("system", "least"), [(ColorSystem.EIGHT_BIT, 8), (ColorSystem.STANDARD, 6)])
def test_few_colours_still_tell_lanes_apart(system: ColorSystem, least: int) -> None:
    """The first four, and none of them black or white, which the background may be."""
    numbers = [Color.from_rgb(*colour).downgrade(system).number for colour in PALETTE]
    assert len(set(numbers)) >= least
    assert len(set(numbers[:4])) == 4
    assert not {0, 7, 15} & set(numbers)
