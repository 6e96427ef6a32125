from __future__ import annotations

import numpy as np
import pytest

from matching import Attributes, Requirements


def test_left_out_attributes_are_unknown_and_left_out_requirements_not_asked():
    has, asks = Attributes(size=2), Requirements(size=2)
    assert (len(has), len(asks)) == (2, 2)
    assert not has.certificates_known.any()
    assert np.isnan(has.hours).all()
    assert np.isnan(has.reach_km).all()
    assert np.isnan(has.location).all()
    assert has.levels.shape == (2, 0)
    assert np.isnan(asks.hours).all()
    assert not asks.remote.any()
    for array in (has.certificates, has.limits, has.sectors, asks.certificates, asks.demands, asks.sector):
        assert array.tolist() == [0, 0]


def test_certificates_that_are_given_are_known_unless_told_otherwise():
    assert Attributes(certificates=[1, 2]).certificates_known.all()
    assert Attributes(certificates=[1, 2], certificates_known=[True, False]).certificates_known.tolist() == [
        True,
        False,
    ]


def test_all_64_bits_can_be_used_and_nothing_wraps_round():
    assert Attributes(certificates=[2**64 - 1, 0]).certificates.tolist() == [2**64 - 1, 0]
    assert Attributes(certificates=[2**63, 1]).certificates.tolist() == [2**63, 1]
    for wrong in ([-1, 0], np.array([-1, 0], np.int8)):
        with pytest.raises(ValueError, match=r"certificates: -1 came in row 0, 0 to 18446744073709551615 was expected"):
            Attributes(certificates=wrong)
    for beyond in ([2**64, 0], [2**63, -1], [True, False], [1.0, 2.0]):
        with pytest.raises(TypeError, match=r"certificates: (object|float64|bool) came, integers between 0 and"):
            Attributes(certificates=beyond)
    with pytest.raises(ValueError, match="sectors: 4294967296 came in row 1"):
        Attributes(sectors=[0, 2**32])


@pytest.mark.parametrize(
    ("table", "columns", "kind", "message"),
    [
        (Attributes, {}, ValueError, "no field came"),
        (Attributes, {"size": -1}, ValueError, "size: -1 came"),
        (Attributes, {"size": 2.0}, TypeError, "size: float came"),
        (Attributes, {"limits": [1, 2], "sectors": [1]}, ValueError, "fields of different lengths came"),
        (Attributes, {"limits": [1, 2], "size": 3}, ValueError, "fields of different lengths came"),
        (Attributes, {"limits": 1}, TypeError, "limits: a single int64 came"),
        (Attributes, {"certificates_known": [0, 1]}, TypeError, "certificates_known: int64 came"),
        (Attributes, {"levels": [[-2]]}, ValueError, "levels: -2 came in row 0, -1 to 8 was expected"),
        (Attributes, {"levels": [[9]]}, ValueError, "levels: 9 came"),
        (Attributes, {"levels": [3]}, ValueError, "levels: shape"),
        (Attributes, {"hours": [[24, 16]]}, ValueError, "hours: 24 to 16 came in row 0, least <= most"),
        (Attributes, {"hours": [[-1, 16]]}, ValueError, "hours: -1 came"),
        (Attributes, {"hours": [[0, 169]]}, ValueError, "hours: 169 came in row 0, 0.0 to 168.0"),
        (Attributes, {"location": [[91, 5]]}, ValueError, r"location \(latitude\): 91.0 came"),
        (Attributes, {"location": [[51, 181]]}, ValueError, "location: 181 came"),
        (Attributes, {"location": [[51, np.nan]]}, ValueError, "location: half a place came in row 0"),
        (Attributes, {"reach_km": [-1.0]}, ValueError, "reach_km: -1.0 came"),
        (Attributes, {"reach_km": [np.inf]}, ValueError, "reach_km: inf came"),
        (Requirements, {"levels": [[-1]]}, ValueError, "levels: -1 came in row 0, 0 to 8 was expected"),
        (Requirements, {"sector": [3]}, ValueError, "sector: 0b11 came in row 0, one bit or 0 was expected"),
        (Requirements, {"remote": ["yes"]}, TypeError, "remote: <U3 came"),
        (Requirements, {"demands": [0.0]}, TypeError, "demands: float64 came"),
    ],
)
def test_faulty_formal_tables_are_refused(table, columns, kind, message):
    with pytest.raises(kind, match=message):
        table(**columns)


def test_joining_adds_columns_of_levels_that_one_part_left_out():
    joined = Attributes(size=1) + Attributes(levels=[[4, 3, 2]])
    assert joined.levels.tolist() == [[-1, -1, -1], [4, 3, 2]]
    asked = Requirements(levels=[[4, 3, 2]]) + Requirements(size=1)
    assert asked.levels.tolist() == [[4, 3, 2], [0, 0, 0]]
    with pytest.raises(ValueError, match="levels: 2 and 3 columns came"):
        Attributes(levels=[[4, 3, 2]]) + Attributes(levels=[[4, 3]])
