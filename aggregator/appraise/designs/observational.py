"""Steps 10 and 11: observation of people, interviews, and models of populations."""

from __future__ import annotations

from ...model import Design
from ..reading import Mention, Reading
from ..rules import rule
from .bench import human_study
from .verdict import Verdict


def _verdict(
    reading: Reading, design: Design, rule_id: str, because: str, mention: Mention, named: bool = True
) -> Verdict:
    return Verdict(design, rule_id, (reading.finding(rule_id, because, mention),), named=named)


@rule("design.qualitative", "Interviews and themes")
def qualitative(reading: Reading) -> Verdict | None:
    """Interviews, focus groups, content or thematic analysis as the method: QUALITATIVE.

    A survey with one open question, or a trial that also interviewed, is not.
    """
    title, strong = reading.titled("qualitative"), reading.said("qualitative_strong")
    if reading.titled("randomised_title") or reading.titled("xsec_named"):
        return None
    mixed = reading.said("mixed_methods") and reading.count("statistics") >= 3
    enough = reading.count("qualitative") >= 2 and not mixed
    if not (title and (strong or not reading.has_abstract)) and not (strong and enough):
        return None
    because = "The method is interviews, focus groups or the analysis of texts."
    mention = title if title else strong
    assert mention is not None
    return _verdict(reading, Design.QUALITATIVE, "design.qualitative", because, mention)


@rule("design.economic", "Economic and population models")
def economic(reading: Reading) -> Verdict | None:
    """Economic evaluations, epidemic and ecological models of populations: ECON_MODEL."""
    title = reading.titled("econ") or reading.titled("epi_model")
    said = reading.said("econ") or reading.said("epi_model")
    counted = reading.count("econ") + reading.count("epi_model")
    participants = reading.said("people_count")
    evaluated = title is not None and title.cue == "econ"
    if title and counted >= 2 and (evaluated or not (participants and reading.said("follow_up"))):
        mention = title
    elif said and counted >= 4 and not participants:
        mention = said
    else:
        return None
    because = "The result comes from an economic or population model."
    return _verdict(reading, Design.ECON_MODEL, "design.economic", because, mention)


@rule("design.momentary", "Diaries and momentary assessment")
def momentary(reading: Reading) -> Verdict | None:
    """Repeated reports from daily life are EMA, also when the authors say "prospective cross-sectional"."""
    mention = reading.titled("ema") or reading.said("ema")
    if mention is None or not human_study(reading):
        return None
    because = "People reported repeatedly from their daily life."
    return _verdict(reading, Design.EMA, "design.momentary", because, mention)


@rule("design.case_control", "Cases against controls")
def case_control(reading: Reading) -> Verdict | None:
    """People with a condition against people without it, picked by outcome: CASE_CONTROL.

    Patients against healthy controls at one time belong here too. A "case-control" that follows exposed and
    unexposed people forward is a cohort: measured facts beat the authors' label.
    """
    named, healthy = (
        reading.titled("case_control") or reading.said("case_control"),
        reading.said("healthy_controls"),
    )
    if reading.said("users_nonusers") and not (
        named and "case" in reading.text[named.start : named.end].lower()
    ):
        return None
    if named and not (reading.said("retrospective") and reading.count("follow_up") >= 3):
        mention: Mention = named
    elif (
        healthy
        and _patients(reading)
        and reading.count("healthy_controls") >= 2
        and not reading.titled("cohort_named")
    ):
        mention = healthy
    else:
        return None
    because = "People with the condition are compared with people without it."
    return _verdict(reading, Design.CASE_CONTROL, "design.case_control", because, mention)


@rule("design.cross_sectional", "One look at one time")
def cross_sectional(reading: Reading) -> Verdict | None:
    """People looked at once: surveys, prevalence, correlations, diagnostic accuracy.

    Users against non-users at one time are XSEC_COMPARATIVE; questionnaires are XSEC_SURVEY; the rest is
    XSEC_UNCONTROLLED. Named here: "cross-sectional", "survey of", "respondents". A "prospective cross-sectional"
    study without a comparator is no cohort.
    """
    mention = reading.titled("xsec_named") or reading.said("xsec_named")
    users = reading.said("users_nonusers")
    if mention is None and users and not reading.said("cohort_named"):
        mention = users
    if mention is None and reading.titled("survey") and reading.said("survey"):
        mention = reading.titled("survey")
    if (
        mention is None
        and reading.count("survey") >= 3
        and reading.count("follow_up") < 3
        and not reading.said("cohort_named")
    ):
        mention = reading.said("survey")
    if mention is None:
        return None
    because = "People were looked at once."
    return _verdict(reading, cross_kind(reading), "design.cross_sectional", because, mention)


@rule("design.titled_cohort", "A title that says cohort")
def titled_cohort(reading: Reading) -> Verdict | None:
    """A title that names a cohort, a retrospective or prospective study, a registry: a cohort."""
    title = reading.titled("cohort_named")
    if (
        title is None
        or reading.titled("xsec_named")
        or reading.titled("case_control")
        or reading.titled("case_series")
    ):
        return None
    words = reading.text[title.start : title.end].lower()
    analysed = reading.count("compared_treatments")
    if analysed < (1 if "regist" in words else 0 if "cohort" in words or "longitudinal" in words else 3):
        return None
    because = "The title names a followed or looked-up group of people."
    return _verdict(reading, cohort_kind(reading), "design.titled_cohort", because, title)


@rule("design.cohort", "Followed groups")
def cohort(reading: Reading) -> Verdict | None:
    """People followed forward, or looked up in records, with a comparison or an analysis of what predicts: a cohort.

    COHORT_PROSP when followed forward, COHORT_RETRO when read from records, registries or claims. A "cohort" without
    follow-up that correlates measures at one time is cross-sectional; a descriptive chart review is a case series.
    """
    named = reading.titled("cohort_named") or reading.said("cohort_named") or reading.titled("cohort_title")
    follow, analysed = reading.count("follow_up"), reading.count("compared_treatments")
    if named is None or (
        follow == 0 and not reading.said("retrospective") and not reading.said("cohort_named")
    ):
        return None
    if analysed < 2 and follow < 2:
        return None
    if reading.said("diagnostic") and reading.titled("diagnostic_title") and follow < 2:
        return None
    because = "A group was followed, or looked up in records, and its outcomes were compared or predicted."
    return _verdict(reading, cohort_kind(reading), "design.cohort", because, named)


@rule("design.records", "Descriptive look at patients")
def records(reading: Reading) -> Verdict | None:
    """Patients read from records and described without comparison or analysis: CASE_SERIES; with it: a cohort."""
    mention = reading.said("cohort_named") or reading.said("retrospective")
    if mention is None or not human_study(reading):
        return None
    if (
        reading.count("correlation") >= 2
        and not reading.count("follow_up")
        and not reading.said("retrospective")
    ):
        because = "Measures were correlated at one time; no follow-up is described."
        return _verdict(reading, cross_kind(reading), "design.records", because, mention, named=False)
    if reading.count("compared_treatments") < 2 and not reading.said("cohort_named"):
        because = "Patients are described from records, without a comparison."
        return _verdict(reading, Design.CASE_SERIES, "design.records", because, mention, named=False)
    because = "Patients' records were analysed for what goes with an outcome."
    return _verdict(reading, cohort_kind(reading), "design.records", because, mention, named=False)


@rule("design.people", "People, otherwise unsaid")
def people(reading: Reading) -> Verdict | None:
    """A study of people whose design no words name is placed by its weaker signs.

    Follow-up and survival speak for a cohort; questionnaires, prevalence, correlation, accuracy, laboratory tasks
    for a cross-sectional look; healthy controls for a case-control comparison; patients without any analysis for a
    case series. Own convention: it is marked as inferred.
    """
    if not human_study(reading) or not (
        reading.said("people_count") or reading.said("people_did") or reading.own_work
    ):
        return None
    scores = _inferred(reading)
    design, cue = max(scores, key=lambda pair: scores[pair])
    mention = reading.best(cue) or reading.best("people_count") or reading.best("people_did")
    if mention is None:  # people are named, and nothing says that any were studied here
        return None
    because = "People were studied; the design is inferred from what was measured."
    return _verdict(reading, design, "design.people", because, mention, named=False)


def _inferred(reading: Reading) -> dict[tuple[Design, str], float]:
    points = reading.points
    cross = max(
        ("survey", "prevalence", "diagnostic", "correlation", "human_lab", "diagnostic_title"), key=points
    )
    lone = 0.0 if reading.count("compared_treatments") > 1 or reading.count("correlation") else 1.0
    return {
        (cohort_kind(reading), "follow_up"): points("follow_up")
        + 0.5 * points("compared_treatments")
        + 0.3 * points("cohort_title"),
        (cross_kind(reading), cross): 0.5
        + points(cross)
        + 0.4
        * sum(
            map(
                points, ("survey", "prevalence", "diagnostic", "correlation", "human_lab", "diagnostic_title")
            )
        ),
        (Design.CASE_CONTROL, "healthy_controls"): 1.2 * points("healthy_controls")
        if _patients(reading)
        else 0.0,
        (Design.SINGLE_ARM, "intervention"): 1.2 * points("intervention")
        if reading.said("single_arm")
        else 0.6 * points("intervention"),
        (Design.CASE_SERIES, "cases_described"): (points("cases_described") + points("case_series")) * lone,
    }


def cohort_kind(reading: Reading) -> Design:
    """Prospective when the words say followed forward and not read from records."""
    prospective, retrospective = reading.count("prospective"), reading.count("retrospective")
    return Design.COHORT_PROSP if prospective > retrospective else Design.COHORT_RETRO


def cross_kind(reading: Reading) -> Design:
    """Users against non-users, a questionnaire, or a look without comparison."""
    if reading.said("users_nonusers") or (
        reading.said("healthy_controls") and reading.count("healthy_controls") >= 2
    ):
        return Design.XSEC_COMPARATIVE
    return Design.XSEC_SURVEY if reading.said("survey") else Design.XSEC_UNCONTROLLED


def _patients(reading: Reading) -> bool:
    return "patient" in reading.text.lower() or " with " in reading.article.title.lower()
