import pickle

import pytest

from nautilus.core import errors

EVERY = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("kind", EVERY)
def test_every_error_is_exported_has_a_code_of_its_own_and_a_reason_to_exist(kind):
    assert issubclass(kind, errors.NautilusError)
    assert kind.__doc__
    assert [k.code for k in EVERY].count(kind.code) == 1


@pytest.mark.parametrize(
    "kind, builtin",
    [
        (errors.ParameterError, ValueError),
        (errors.DataError, ValueError),
        (errors.LabelError, LookupError),
        (errors.MissingInputError, ValueError),
        (errors.NotFoundError, LookupError),
        (errors.ConflictError, RuntimeError),
        (errors.SolverError, RuntimeError),
        (errors.InfeasibleError, ValueError),
        (errors.NotBuiltError, NotImplementedError),
        (errors.MissingExtraError, ImportError),
        (errors.UnavailableError, RuntimeError),
    ],
)
def test_callers_who_know_only_the_builtin_catch_it_too(kind, builtin):
    with pytest.raises(builtin, match="what came"):
        raise kind("what came")


@pytest.mark.parametrize(
    "kind",
    [
        errors.ShapeError,
        errors.LabelError,
        errors.TimeIndexError,
        errors.OverlapError,
        errors.UnitError,
        errors.NotEnoughDataError,
    ],
)
def test_everything_wrong_with_data_is_a_data_error(kind):
    assert issubclass(kind, errors.DataError)


def test_the_hint_ends_the_message_and_stands_alone_in_the_dictionary():
    error = errors.ParameterError("`x` must be 1, got 2.", field="x", hint="Pass 1.")
    assert str(error) == "`x` must be 1, got 2. Pass 1."
    assert error.to_dict() == {
        "code": "invalid_parameter",
        "field": "x",
        "message": "`x` must be 1, got 2.",
        "hint": "Pass 1.",
    }


def test_without_hint_or_field_the_message_is_all():
    error = errors.DataError("no rows.")
    assert str(error) == "no rows."
    assert error.to_dict()["field"] is None


def test_a_process_pool_hands_an_error_over_whole():
    error = errors.LabelError("lacks A", field="weights", hint="Add A.")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is errors.LabelError
    assert back.to_dict() == error.to_dict()


def test_a_lookup_error_shows_its_text_not_its_representation():
    assert str(errors.LabelError("lacks 'A'")) == "lacks 'A'"
