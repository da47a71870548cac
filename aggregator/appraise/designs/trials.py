"""Step 9: interventions in people."""

from __future__ import annotations

from ...model import Design
from ..reading import Mention, Reading
from ..rules import rule
from .verdict import Verdict


@rule("design.pharmacokinetics", "Human pharmacokinetics")
def pharmacokinetics(reading: Reading) -> Verdict | None:
    """Studies whose purpose is what people's bodies do to a drug are PK_HUMAN, randomised or not.

    With a probe drug or "drug interaction" they are PK_DDI_HUMAN. They never count as evidence of efficacy.
    """
    title, purpose = reading.titled("pk_purpose"), reading.said("pk_purpose")
    healthy = reading.said("healthy_volunteers")
    people = (
        reading.said("people_count") or reading.said("people_did") or healthy or reading.said("people_trial")
    )
    if not people or not (
        (title and (healthy or reading.count("pk") >= 3))
        or (purpose and healthy and reading.count("pk") >= 3)
        or (healthy and reading.count("pk") >= 5)
    ):
        return None
    because = "The purpose is the drug's fate in people's bodies, not its efficacy."
    mention = title or purpose or healthy
    assert mention is not None
    interaction = reading.titled("ddi") or (reading.count("ddi") >= 2)
    design = Design.PK_DDI_HUMAN if interaction else Design.PK_HUMAN
    return Verdict(
        design, "design.pharmacokinetics", (reading.finding("design.pharmacokinetics", because, mention),)
    )


@rule("design.randomised", "Randomised in people")
def randomised(reading: Reading) -> Verdict | None:
    """People allotted at random to what is compared: RCT, whether parallel, cluster or crossover.

    Looks for "randomised trial" as the paper's own name and for people who "were randomly assigned" or
    "randomised to". Random sampling, random forests, Mendelian randomisation, training and test sets split at
    random, trials of others and trials still needed are not meant. Animals never are.
    """
    title, done, named = (
        reading.titled("randomised_title"),
        reading.said("randomised_people"),
        reading.said("randomised_trial"),
    )
    nonrandom = reading.said("nonrandom")
    people = reading.said("people_named") or reading.said("people_title") or reading.said("people_did")
    if not people or (nonrandom and not (title or (done and named))):
        return None
    if not (title or done or (named and _borne_out(reading))):
        return None
    animals = reading.said("animal_strain") or reading.titled("animal_named")
    if animals and not title and not reading.said("people_count"):
        return None
    because = "People were allotted at random to what was compared."
    mention = done if done and not title else title or named
    assert mention is not None
    return Verdict(Design.RCT, "design.randomised", (reading.finding("design.randomised", because, mention),))


def _borne_out(reading: Reading) -> bool:
    """Whether more than a name speaks for a randomised trial of the paper's own."""
    signs = ("blinded", "controlled_groups", "post_hoc", "trial_word", "crossover")
    if any(reading.said(sign) for sign in signs) or reading.count("randomised_trial") >= 2:
        return True
    return reading.said("people_count") is not None and not reading.said("cohort_named")


@rule("design.nonrandomised", "Controlled, not randomised")
def nonrandomised(reading: Reading) -> Verdict | None:
    """An intervention against a control, allotted otherwise than by chance, is an NRCT.

    Looks for "quasi-experimental", "non-randomised", alternate or sequential allotment, historical controls, and for
    blinding or an intervention and a control group without any word of chance.
    """
    named, groups = reading.said("nonrandom"), reading.said("controlled_groups")
    intervention = reading.said("intervention") or reading.said("trial_word")
    blinded = reading.said("blinded")
    if (
        reading.said("cohort_named")
        and not reading.titled("nonrandom")
        and not (named and reading.said("trial_word"))
    ):
        return None
    if (
        named
        and intervention
        and (groups or blinded or not reading.text[named.start : named.end].lower().startswith("n"))
    ):
        mention: Mention = named
    elif blinded and not reading.said("follow_up") and reading.said("trial_word"):
        mention = blinded
    elif (
        groups
        and "group" in reading.text[groups.start : groups.end]
        and _allotted(reading)
        and not reading.said("healthy_controls")
    ):
        mention = groups
    else:
        return None
    because = "An intervention is compared with a control that was not allotted by chance."
    return Verdict(
        Design.NRCT, "design.nonrandomised", (reading.finding("design.nonrandomised", because, mention),)
    )


@rule("design.single_arm", "One group, before and after")
def single_arm(reading: Reading) -> Verdict | None:
    """An intervention in one group without a control is SINGLE_ARM: phase 1 and 2 trials, open label, before-after.

    Also feasibility and pilot trials and improvement projects without a comparison group.
    """
    strong, title = reading.said("single_arm_strong"), reading.titled("single_arm")
    weak = reading.said("single_arm")
    intervention = reading.said("intervention") or reading.said("trial_word")
    if (
        reading.said("cohort_named")
        and not reading.titled("single_arm_strong")
        and not (strong and reading.said("trial_word"))
    ):
        return None
    if strong and intervention:
        mention: Mention = strong
    elif title and intervention and not reading.said("xsec_named") and not reading.said("diagnostic"):
        mention = title
    elif (
        weak
        and reading.said("intervention")
        and reading.said("trial_word")
        and not reading.said("diagnostic")
    ):
        mention = weak
    else:
        return None
    because = "One group got the intervention, without a control group."
    return Verdict(
        Design.SINGLE_ARM, "design.single_arm", (reading.finding("design.single_arm", because, mention),)
    )


def _allotted(reading: Reading) -> bool:
    text = reading.text.lower()
    return "intervention group" in text or "experimental group" in text
