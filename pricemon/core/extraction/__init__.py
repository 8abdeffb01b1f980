"""How a price is read from a page, one idea per module.

    document → syntaxes (json-ld, microdata, rdfa, meta, script state) → products → claims
             → visible text                                            → candidates
    claims + candidates → agreement → Reading

`pricemon.core.extract` is the only entrance; the modules here know no retailer and do no I/O. The
words of shops' languages are tables in `vocabulary`.
"""
