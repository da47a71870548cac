"""Where papers come from: one module to a format, and one door (`files`) that opens any file of them.

::

    files ──► pubmed_xml ──► envelope    records cut out of a stream of PubMed XML, byte for byte
      │           └────────► markup      titles and abstracts with italics, superscripts and formulas as text
      └─────► medline                    MEDLINE text (.nbib)
                  └────────► citation    dates, DOIs and bracketed titles as PubMed prints them
"""
