from training.genre.trials.outcome import Outcome, outcome_of


def event(label, music=True, **probs):
    top = [{"label": name, "p": p} for name, p in probs.items()]
    return {"type": "genre", "label": label, "top": top, "music": music}


def test_the_last_label_and_the_most_probable_one_may_differ():
    events = [event("jazz", jazz=0.9, pop=0.1), event("jazz", jazz=0.8, pop=0.2), event("pop", jazz=0.4, pop=0.6)]
    assert outcome_of(events) == Outcome("pop", "jazz", 3)


def test_what_is_no_music_has_no_weight():
    events = [event(None, music=False, jazz=0.9, pop=0.1), event("pop", jazz=0.4, pop=0.6)]
    assert outcome_of(events) == Outcome("pop", "pop", 2)


def test_a_stream_without_music_comes_to_nothing():
    assert outcome_of([event(None, music=False, jazz=1.0)]) == Outcome(None, None, 1)
    assert outcome_of([{"type": "stats"}, {"type": "summary"}]) == Outcome(None, None, 0)
