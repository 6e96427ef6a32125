"""The derivation, on made-up tables."""

import csv

import numpy as np
import pytest

from api.content import build_occupations as build
from api.content.onet import read_evidence, read_table

SKILL_SOURCES = [
    {"skill": f"s{i:02}", "scale": "skills", "element": f"2.X.{i}", "name": f"Skill {i}", "mapping": "direct"}
    for i in range(15)
] + [
    {"skill": "calm", "scale": "styles", "element": "1.X.a", "name": "Calm", "mapping": "near"},
    {"skill": "calm", "scale": "skills", "element": "2.X.0", "name": "Skill 0", "mapping": "near"},
    {"skill": "care", "scale": "expert", "element": "", "name": "care", "mapping": ""},
]


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def tables(tmp_path):
    """A made-up O*NET folder with 8 occupations, and our choice of them."""
    rng = np.random.default_rng(5)
    codes = [f"11-{i:04}.00" for i in range(8)]
    occupations = [
        {"occupation": f"o{i}", "sector": "energy", "onet": code, "esco": f"uri:{i}", "isco08": "7411"}
        | {"label_en": f"old {i}", "label_nl": f"oud {i}", "care": str(1 + i / 2), "pair": "close"}
        for i, code in enumerate(codes)
    ]
    names = [f"Skill {i}" for i in range(15)]
    write(
        tmp_path / "occupations.csv", [{"O*NET-SOC Code": code, "Job Zone": 1 + i % 4} for i, code in enumerate(codes)]
    )
    for scale, low, high in (("IM", 2, 5), ("LV", 1, 6)):
        values = [{name: f"{rng.uniform(low, high):.2f}" for name in names} for _ in codes]
        write(
            tmp_path / f"skills_{scale}_9.csv", [{"O*NET-SOC Code": c} | v for c, v in zip(codes, values, strict=True)]
        )
    style = {"Element ID": "1.X.a", "Standard Error": "0.2", "Recommend Suppress": "N"}
    styles = [style | {"O*NET-SOC Code": c, "Data Value": f"{rng.uniform(2, 5):.2f}"} for c in codes]
    write(tmp_path / "work_styles_long_9.csv", styles)
    write(tmp_path / "ours.csv", occupations)
    write(tmp_path / "skills.csv", SKILL_SOURCES)
    return tmp_path


def evidence_of(folder):
    return read_evidence(folder, "9", read_table(folder / "ours.csv"), read_table(folder / "skills.csv"))


def edit(path, code, **changes):
    write(path, [row | changes if row["O*NET-SOC Code"] == code else row for row in read_table(path)])


def remake(folder, out):
    options = {
        "onet": folder,
        "release": "9",
        "occupations": folder / "ours.csv",
        "skills": folder / "skills.csv",
        "out": out,
    }
    build.main([text for name, value in options.items() for text in (f"--{name}", str(value))])
    return out.read_bytes()


def test_remaking_the_table_gives_the_same_bytes(tables):
    assert remake(tables, tables / "first.csv") == remake(tables, tables / "second.csv")


def test_a_remade_table_has_a_row_per_occupation_and_skill_and_names_each_source(tables):
    remake(tables, tables / "out.csv")
    rows = read_table(tables / "out.csv")
    assert len(rows) == 8 * 17
    assert tuple(rows[0]) == build.COLUMNS
    sources = {row["skill"]: row["source"] for row in rows[:17]}
    assert sources["s03"] == "O*NET 9 2.X.3 IM,LV"
    assert sources["calm"] == "O*NET 9 1.X.a IM (near); 2.X.0 IM,LV (near)"
    assert sources["care"] == "expert, no O*NET source"


def test_a_suppressed_style_counts_as_no_information(tables):
    edit(tables / "work_styles_long_9.csv", "11-0002.00", **{"Recommend Suppress": "Y"})
    calm = next(e for e in evidence_of(tables) if e.scale == "styles")
    assert np.isnan(calm.importance[2])
    assert calm.labels[2] == "1.X.a IM (near, no value)"
    z, sd = build.shrink(calm.importance, calm.importance_se)
    assert (z[2], sd[2]) == (0, 1)


def test_a_level_that_is_not_relevant_is_left_out(tables):
    edit(tables / "skills_IM_9.csv", "11-0001.00", **{"Skill 4": "1.12"})
    edit(tables / "skills_LV_9.csv", "11-0003.00", **{"Skill 4": ""})
    skill = next(e for e in evidence_of(tables) if e.skill == "s04")
    assert np.flatnonzero(np.isnan(skill.level)).tolist() == [1, 3]
    assert not np.isnan(skill.importance).any()
    assert skill.labels[3] == "2.X.4 IM"


def test_a_style_without_standard_error_says_so_and_is_trusted_like_the_others(tables):
    edit(tables / "work_styles_long_9.csv", "11-0002.00", **{"Standard Error": ""})
    calm = next(e for e in evidence_of(tables) if e.scale == "styles")
    assert calm.labels[2] == "1.X.a IM (near, no standard error)"
    _, sd = build.shrink(calm.importance, calm.importance_se)
    np.testing.assert_allclose(sd[2], sd[3])


def test_noisier_values_are_drawn_further_to_the_mean():
    value, se = np.array([0.2, 0.2, 0.5, 0.8, 0.8]), np.array([0.02, 0.2, 0.1, 0.02, 0.2])
    z, sd = build.shrink(value, se)
    assert abs(z[0]) > abs(z[1])
    assert abs(z[3]) > abs(z[4])
    assert (sd[[1, 4]] > sd[[0, 3]]).all()


def test_a_skill_that_is_the_same_everywhere_tells_nothing():
    z, sd = build.shrink(np.full(4, 0.7), np.full(4, 0.05))
    assert z.tolist() == [0, 0, 0, 0]
    assert sd.tolist() == [1, 1, 1, 1]


def test_raising_a_level_in_one_occupation_never_lowers_its_band(tables):
    zones = np.ones(8)
    skills = tuple(dict.fromkeys(source["skill"] for source in SKILL_SOURCES))
    before = build.derive(build.pool_evidence(evidence_of(tables), skills), zones)
    edit(tables / "skills_LV_9.csv", "11-0005.00", **{"Skill 7": "7.0"})
    edit(tables / "skills_IM_9.csv", "11-0005.00", **{"Skill 7": "5.0"})
    after = build.derive(build.pool_evidence(evidence_of(tables), skills), zones)
    assert after.band[5, 7] >= max(before.band[5, 7], 1)
    assert after.importance[5, 7] >= before.importance[5, 7]


def test_importance_is_shared_out_in_thousandths_over_the_weightiest_skills():
    weight = np.random.default_rng(3).normal(size=24)
    importance = build.share_out(weight)
    asked = importance > 0
    assert weight[asked].min() > weight[~asked].max()
    np.testing.assert_allclose(importance * 1000, np.round(importance * 1000), atol=1e-9)
    assert round(importance.sum() * 1000) == 1000
    order = np.argsort(-weight)
    assert (np.diff(importance[order]) <= 1e-12).all()


def test_esco_tables_renew_the_labels(tables):
    esco = [
        {"occupation_uri": f"uri:{i}", "label_en": f"new {i}", "label_nl": f"nieuw {i}", "isco08": "1"}
        for i in range(8)
    ]
    renewed = build.relabel(read_table(tables / "ours.csv"), esco)
    assert renewed[3]["label_nl"] == "nieuw 3"
    with pytest.raises(ValueError, match="no row for the concept of o7"):
        build.relabel(read_table(tables / "ours.csv"), esco[:7])


def test_an_occupation_that_onet_does_not_have_is_refused(tables):
    write(tables / "occupations.csv", read_table(tables / "occupations.csv")[1:])
    with pytest.raises(ValueError, match=r"no row for 11-0000\.00"):
        remake(tables, tables / "out.csv")
