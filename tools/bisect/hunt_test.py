# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Tests the hunt on candidates that the state knows already."""

import argparse
import contextlib
import math
import pathlib
import random
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.bisect import builds
from tools.bisect import hunt as hunts
from tools.bisect import observe
from tools.bisect import probe as probes
from tools.bisect import state as states

_SIZE = 30
_ENDS = (
    {'tfmot': '0', 'tensorflow': '1', 'mirror': 'here'},
    {'tfmot': str(_SIZE - 1), 'tensorflow': '1', 'mirror': 'here'},
)


_FLAGS = {
    'checkout': None,
    'noisy': False,
    'metric': '',
    'only': '',
    'confidence': 0.95,
    'runs': None,
    'minutes': None,
}


class _Probe(probes.Probe):
  """Fails as a function of a candidate's number and a seed says.

  The function returns what came of the run, or whether `a` failed.
  """

  def __init__(self, fails, seeds=None):
    self.fails = fails
    self.seeds = seeds
    self.ran = []

  def run(self, combination, seed):
    value = combination['tfmot']
    self.ran.append((value, seed))
    came = self.fails(int(value) if value.isdigit() else value, seed)
    return came if isinstance(came, dict) else {'failures': ('a',) * bool(came)}


class _TensorFlowProbe(_Probe):
  """Fails with every TensorFlow but the first."""

  def __init__(self):
    super().__init__(None)

  def run(self, combination, seed):
    self.ran.append((combination['tensorflow'], seed))
    return {'failures': ('a',) * (combination['tensorflow'] != '1')}


class HuntTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.path = pathlib.Path(self.create_tempdir().full_path) / 'state.json'
    self.said = []

  def hunt(self, probe, ends=_ENDS, equal=None, finer=None, **options):
    """Hunts among numbered candidates.

    Args:
      probe: Or when `a` fails.
      ends: The combinations.
      equal: Whose contents a candidate has, where these are not its own.
      finer: By two neighbours, the row between them, or what is wrong.
      **options: Flags of the command.

    Returns:
      The hunt.
    """
    self.probe = probe if isinstance(probe, _Probe) else _Probe(probe)
    row = {'tfmot': list(map(str, range(_SIZE))), 'tensorflow': ['1', '2']}

    def candidates(values):
      if isinstance(values, errors.InputError):
        raise values
      return [builds.Candidate(value) for value in values]

    with contextlib.ExitStack() as stack:
      for name, fake in {
          'row': lambda axis, *_: candidates(row[axis]),
          'finer': lambda _, *ends: candidates((finer or {}).get(ends[:2], [])),
          'digest': lambda axis, value, _: (equal or {}).get(value, value),
      }.items():
        stack.enter_context(mock.patch.object(builds, name, fake))
      state = stack.enter_context(states.opened(self.path, {}))
      flags = argparse.Namespace(
          **{**_FLAGS, 'good': ends[0], 'bad': ends[1], **options}
      )
      self.hunted = hunts.Hunt(
          flags, state, self.probe, self.path.parent, self.said.append
      )
      self.hunted.run()
    return self.hunted

  def inconclusive(self, message, *args, **kwargs):
    """Hunts, and expects that there is no answer."""
    with self.assertRaisesRegex(observe.InconclusiveError, message):
      self.hunt(*args, **kwargs)

  def values(self, hunt):
    """Returns the suspects of a hunt."""
    return [one.value for one in hunt.stages[-1].suspects]

  def test_finds(self):
    for first_bad in (1, 2, 17, 29):
      self.path.unlink(missing_ok=True)
      hunt = self.hunt(lambda n, seed, at=first_bad: n >= at)
      self.assertEqual(self.values(hunt), [str(first_bad)])
      self.assertEqual(hunt.stages[-1].good.value, str(first_bad - 1))
      self.assertLen(set(self.probe.ran), len(self.probe.ran))
      self.assertLessEqual(len(self.probe.ran), 9)

  def test_ends_are_verified(self):
    self.inconclusive('^the bad end is not bad', lambda n, seed: False)
    self.path.unlink()
    self.inconclusive('not bad: nothing fails there', lambda n, seed: True)
    self.assertLen(self.probe.ran, 2)

  def test_good_end_that_fails_differently(self):
    # It always fails there, so it is the background of that end.
    hunt = self.hunt(lambda n, seed: n or {'failures': ('b',)})
    self.assertEqual(self.values(hunt), ['1'])

  def test_a_different_failure_is_left_out(self):
    error = {'failures': ('run: ImportError',)}
    hunt = self.hunt(lambda n, seed: error if 12 <= n < 15 else n >= 15)
    self.assertEqual(self.values(hunt), ['12', '13', '14', '15'])
    self.assertEqual(
        hunt.stages[-1].skipped[14],
        'fails in another way: run: ImportError',
    )

  def test_what_cannot_be_installed_is_left_out(self):
    clash = {'unusable': 'numpy clashes'}
    hunt = self.hunt(lambda n, seed: clash if n in (14, 20) else n >= 18)
    self.assertEqual(self.values(hunt), ['18'])
    self.assertEqual(hunt.stages[-1].skipped, {14: 'numpy clashes'})
    self.assertIn('skipping 14: numpy clashes', self.said)

  def test_an_end_that_cannot_be_installed(self):
    self.inconclusive(
        '^the good end cannot be tested: no wheel',
        lambda n, seed: {'unusable': 'no wheel'},
    )

  def test_equal_contents_run_once(self):
    equal = dict.fromkeys(
        map(str, range(10, 20)), '10'
    )  # The middle of the row is one.
    hunt = self.hunt(lambda n, seed: n >= 10, equal=equal)
    self.assertEqual(self.values(hunt), ['10'])
    inside = {
        int(value) for value, _ in self.probe.ran if 10 <= int(value) < 20
    }
    self.assertLen(inside, 1)
    self.assertIn('10 has the contents of 14: not run', ' '.join(self.said))

  def test_ends_with_equal_contents(self):
    self.inconclusive(
        'have the same contents',
        lambda n, seed: n >= 5,
        equal=dict.fromkeys(map(str, range(_SIZE)), '0'),
    )

  def test_contradiction_turns_to_the_noisy_search(self):
    chance = random.Random(2)
    shows = {}

    def fails(n, seed):
      share = 0.8 if n >= 17 else 0.05
      key = (n, seed)
      if seed == 1 and n in (0, 29):
        return n == 29
      return shows.setdefault(key, chance.random() < share)

    hunt = self.hunt(fails)
    self.assertTrue(hunt.noisy)
    self.assertEqual(self.values(hunt), ['17'])
    self.assertGreaterEqual(hunt.stages[-1].confidence, 0.95)

  def test_noisy_ends_that_do_not_differ(self):
    self.inconclusive(
        'cannot be told apart', lambda n, seed: seed % 2, noisy=True
    )

  def test_noisy_end_that_passes_at_first(self):
    hunt = self.hunt(
        lambda n, seed: n >= 17 and (n < 29 or seed > 4), noisy=True
    )
    self.assertEqual(self.values(hunt), ['17'])
    self.path.unlink()
    self.inconclusive('bad end is not bad', lambda n, seed: False, noisy=True)
    self.assertEqual([v for v, _ in self.probe.ran].count('29'), 10)

  def test_seeds_run_out(self):
    probe = _Probe(lambda n, seed: seed % 2, seeds=3)
    self.inconclusive('all of its 3 seeds', probe, noisy=True)

  def test_budget_and_going_on(self):
    def fails(n, seed):
      del seed
      return n >= 21

    whole = self.hunt(fails)
    self.assertEqual(self.values(whole), ['21'])
    expected = self.probe.ran
    for budget in range(1, len(expected)):
      self.path.unlink()
      self.inconclusive(f'budget of {budget} runs', fails, runs=budget)
      first = self.probe.ran
      hunt = self.hunt(fails, runs=50)
      self.assertEqual(self.values(hunt), ['21'])
      self.assertEqual(first + self.probe.ran, expected)

  def test_minutes(self):
    self.inconclusive(
        'minutes is spent',
        lambda n, seed: n > 3,
        minutes=0,
    )

  def test_metric(self):
    chance = random.Random(3)

    def measured(n, seed):
      del seed
      return {'metrics': {'drop': chance.gauss(3.0 if n >= 8 else 1.0, 0.7)}}

    hunt = self.hunt(measured, metric='drop')
    self.assertEqual(self.values(hunt), ['8'])
    self.assertStartsWith(str(hunt.tells), 'drop near')

  def test_metric_that_runs_away(self):
    hunt = self.hunt(
        lambda n, seed: {'metrics': {'loss': math.nan if n >= 8 else 0.7}},
        metric='loss',
    )
    self.assertEqual(self.values(hunt), ['8'])

  def test_the_guilty_axis_is_found_first(self):
    ends = _ENDS[0], {**_ENDS[1], 'tensorflow': '2'}
    hunt = self.hunt(_TensorFlowProbe(), ends=ends)
    self.assertEqual(hunt.stages[-1].axis, 'tensorflow')
    self.assertEqual(self.values(hunt), ['2'])
    self.assertLessEqual(len(self.probe.ran), 6)

  def test_goes_finer(self):
    hunt = self.hunt(
        lambda n, seed: n in ('n2', 'n3') or isinstance(n, int) and n >= 5,
        finer={('4', '5'): ['4', 'n1', 'n2', 'n3', '5']},
    )
    self.assertEqual(self.values(hunt), ['n2'])
    self.assertLen(hunt.stages, 2)

  def test_tensorflow_goes_finer(self):
    ends = _ENDS[0], {**_ENDS[1], 'tensorflow': '2'}
    hunt = self.hunt(
        _TensorFlowProbe(), ends=ends, finer={('1', '2'): ['1', 'n', '2']}
    )
    self.assertEqual(self.values(hunt), ['n'])
    self.assertEqual([one.axis for one in hunt.stages], ['tensorflow'] * 2)

  def test_ends_that_do_not_stand_for_the_neighbours(self):
    hunt = self.hunt(
        lambda n, seed: n == 'n3' or isinstance(n, int) and n >= 5,
        finer={('4', '5'): ['n3', 'n2', 'n1']},
    )
    self.assertEqual(self.values(hunt), ['5'])
    self.assertIn('n3 is bad and n1 is good: they do not', self.said[-1])

  def test_what_was_found_outlives_an_index_that_does_not_answer(self):
    self.inconclusive(
        'between 4 and 5 is not known: pip lists none',
        lambda n, seed: n >= 5,
        finer={('4', '5'): errors.InputError('pip lists none')},
    )
    self.assertEqual(self.values(self.hunted), ['5'])


if __name__ == '__main__':
  absltest.main()
