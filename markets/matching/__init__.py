"""What equals what: facts read from two markets' texts, hard rules, a score, a judgement.

Text likeness only finds candidates (`candidates`); facts decide. `sides` holds one market's texts,
`facts.extract` reads them, `rules` compares, `decide.judge` gives the judgement. What cannot be
read is unknown, and unknown never counts as equal. Floats stand here for scores alone, never for
money, prices or strikes.
"""
