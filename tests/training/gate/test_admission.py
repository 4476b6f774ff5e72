"""What a run that the gate held back says of itself: each fault whole, on a line of its own."""

from training.gate import admission


def test_every_fault_has_a_line_of_its_own():
    assert (
        admission.in_lines(["It is not better; it is worse.", "It leaks."])
        == "It is not better; it is worse.\nIt leaks."
    )


def test_what_has_no_room_is_counted_and_nothing_ends_in_the_middle_of_a_word():
    faults = [f"It is credibly worse in language {number:03d}, by a good deal." for number in range(20)]

    told = admission.in_lines(faults)
    *lines, last = told.splitlines()

    assert len(told) <= admission.LETTERS_MAX == 400
    assert lines == faults[: len(lines)]
    assert last == f"and {20 - len(lines)} more"
    assert admission.in_lines(["word " * 200, "It leaks."]).splitlines()[0].endswith("word…")
