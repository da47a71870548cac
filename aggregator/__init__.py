"""Papers from PubMed, kept locally and graded by strength of evidence.

Five floors; imports go down only::

    4  desk       cli/                                   terminal, exit codes
    3  deeds      tasks/                                 harvest, run, load, appraise, summarise, report
    2  doors      sources/  store/  report/  http        disk, database, network: one door, one outside thing
    1  knowledge  appraise/  grade/  query/  config      values only: no disk, network, clock or global setting
                  vocabulary  text  (outcomes/ and interventions/ hold data)
    0  words      model  errors

The flow: a file or PubMed → ``sources`` → `Article` → ``store`` → ``appraise`` → `Appraisal`
→ ``grade`` → `Summary` → ``report``.
"""

__version__ = "0.1.0"
