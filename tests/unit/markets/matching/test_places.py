from markets.matching.places import districts, states, stations


def test_a_state_is_read_whole() -> None:
    assert states("the West Virginia Senate race") == {"WV"}
    assert states("New York City and Washington, D.C.") == frozenset()


def test_districts_are_written_alike() -> None:
    assert districts("the MO-5 and CA-41 races, AK-AL") == {"MO-05", "CA-41", "AK-AL"}


def test_a_station_is_known_by_name_code_and_report() -> None:
    assert stations("Chicago Midway") == stations("CLIMDW") == stations("history/KMDW") == {"KMDW"}
    assert stations("the LaGuardia Airport Station") == {"KLGA"}


def test_a_city_alone_names_no_station() -> None:
    assert stations("Chicago") == frozenset()
