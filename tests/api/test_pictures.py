import xml.etree.ElementTree as ET

import numpy as np
import pytest

from api.services.pictures import HEIGHT, WIDTH, Axis, Line, axis_to, curves, heat_map, key

SVG = "{*}"
ACROSS = Axis("level", -3, 3, (-3, 0, 3))


def drawn(lines, up=None):
    text = curves("one", "A <title>", "What & where", [-3.0, 0.0, 3.0], lines, ACROSS, up or axis_to(2, "information"))
    return ET.fromstring(text)


def test_a_picture_says_what_it_shows_to_who_cannot_see_it():
    picture = drawn([Line("all", [0, 1, 2])])
    named = picture.get("aria-labelledby").split()
    texts = {node.get("id"): node.text for node in picture if node.get("id")}
    assert [texts[name] for name in named] == ["A <title>", "What & where"]
    assert picture.get("role") == "img"


def test_curves_run_where_their_values_are_and_stay_inside_the_picture():
    picture = drawn([Line("all", [0, 1, 2]), Line("wild", [-9, 1, 99])])
    for curve in picture.iter("polyline"):
        places = np.array([pair.split(",") for pair in curve.get("points").split()], dtype=float)
        assert np.all(np.diff(places[:, 0]) > 0)
        assert np.all(np.diff(places[:, 1]) < 0)  # a higher value is drawn higher
        assert np.all((places > 0) & (places < [WIDTH, HEIGHT]))


def test_lines_differ_without_any_colour():
    picture = drawn([Line("a", [0, 1, 2]), Line("b", [0, 1, 2]), Line("c", [0, 1, 2])])
    dashes = [curve.get("stroke-dasharray") for curve in picture.iter("polyline")]
    assert len(set(dashes)) == 3
    legend = key(["a", "b", "c"])
    assert all(f'stroke-dasharray="{dash}"' in legend for dash in dashes)


@pytest.mark.parametrize("most", [0.0, 0.003, 0.7, 1.0, 2.1, 9.99, 10.0, 43.0, 512.0])
def test_an_axis_reaches_the_highest_value_by_few_round_steps(most):
    axis = axis_to(most, "information")
    assert axis.ticks[0] == 0
    assert axis.ticks[-1] == pytest.approx(axis.high)
    assert axis.high >= most
    assert 2 <= len(axis.ticks) <= 6


def test_a_heat_map_has_a_cell_for_every_pair_and_marks_what_is_negative():
    matrix = np.array([[1.0, 0.5, -0.25], [0.5, 1.0, 0.0], [-0.25, 0.0, 1.0]])
    picture = ET.fromstring(heat_map("two", "t", "d", matrix, ["social", "social", "work"]))
    assert [float(cell.get("opacity")) for cell in picture.iter("rect")] == np.abs(matrix).ravel().tolist()
    assert sum(path.get("d").endswith("h5") for path in picture.iter("path")) == 2
    assert [text.text for text in picture.iter("text")] == ["social", "social", "work", "work"]
