"""What stands below an exception's title."""

from console.render.problem import Difference, Problem, problem

TITLE = "Sale 48 is processing in Tryton and differs from order #1042."


def test_two_sides_of_a_conflict_are_shown_as_such_and_not_as_their_notation():
    detail = '[{"field":"total","erp":"118.17","shop":"228.79"}]'
    assert problem(TITLE, detail) == Problem(differences=(Difference("total", "118.17", "228.79"),))


def test_what_the_title_says_is_not_said_twice():
    assert problem("Tryton has no product with the SKU HP-PONCHO.", "HP-PONCHO") == Problem()
    assert problem(TITLE, "") == Problem()


def test_anything_else_is_shown_as_it_is():
    for detail in ("The body is kept exactly as it came.", "[not notation", "[1, 2]"):
        assert problem(TITLE, detail) == Problem(text=detail)
