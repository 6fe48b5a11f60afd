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

"""Tests the revert branch, with real git."""

import argparse
import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.bisect import axes
from tools.bisect import builds
from tools.bisect import conclude
from tools.bisect import hunt as hunts
from tools.bisect import probe as probes
from tools.bisect import signature
from tools.bisect import state as states
from tools.bisect import testing


class RevertTest(testing.CheckoutTestCase):

  def setUp(self):
    super().setUp()
    self.commit('one', '1\n')
    self.commit('two', '2\n')
    self.guilty = self.commit('one', '0\n')
    self.bad = self.commit('three', '3\n')

  def revert(self, guilty=None):
    """Makes the branch."""
    return conclude.revert(
        self.top, guilty or self.guilty, self.bad, 'It broke: a.'
    )

  def test_takes_it_back_and_touches_nothing(self):
    (self.top / 'two').write_text('edited')
    (self.top / 'new').write_text('staged')
    self.git('add', 'new')
    hook = self.top / '.git/hooks/pre-commit'
    hook.write_text('#!/bin/sh\nexit 1\n')
    hook.chmod(0o755)
    before = self.git('status', '--porcelain'), self.git('rev-parse', 'HEAD')
    commit = self.revert()
    after = self.git('status', '--porcelain'), self.git('rev-parse', 'HEAD')
    self.assertEqual(before, after)
    self.assertEqual(
        self.git('rev-parse', f'revert-{self.guilty[:12]}'), commit
    )
    self.assertEqual(self.git('show', f'{commit}:one'), '1')
    self.assertEqual(self.git('rev-parse', f'{commit}^'), self.bad)
    text = self.git('log', '-1', '--format=%B', commit)
    self.assertStartsWith(text, 'Revert "Set one to 0"')
    self.assertIn(f'This reverts commit {self.guilty}.', text)
    self.assertIn('It broke: a.', text)
    self.assertLen(self.git('worktree', 'list').splitlines(), 1)
    self.assertEqual(self.revert(), commit)  # As when it goes on.

  def test_conflict(self):
    self.bad = self.commit('one', '5\n')
    with self.assertRaisesRegex(
        errors.InputError, r'^reverting \w{12} conflicts in one: do it by'
    ):
      self.revert()
    self.assertEqual(self.git('branch', '--list', 'revert-*'), '')
    self.assertLen(self.git('worktree', 'list').splitlines(), 1)

  def test_branch_of_the_user_stays(self):
    self.git('branch', f'revert-{self.guilty[:12]}', self.guilty)
    with self.assertRaisesRegex(errors.InputError, 'something else: rename it'):
      self.revert()
    found = self.git('rev-parse', f'revert-{self.guilty[:12]}')
    self.assertEqual(found, self.guilty)

  def test_taken_back_already(self):
    self.bad = self.commit('one', '1\n')
    with self.assertRaisesRegex(errors.InputError, 'taken back already'):
      self.revert()

  def test_merge(self):
    self.git('checkout', '-q', '-b', 'side', self.guilty)
    self.commit('four', '4\n')
    self.git('checkout', '-q', 'master')
    self.git('merge', '-q', '--no-edit', 'side')
    merge = self.bad = self.git('rev-parse', 'HEAD')
    commit = self.revert(merge)
    self.assertNotIn('four', self.git('ls-tree', '--name-only', commit))


class ResultTest(absltest.TestCase):

  def result(self, *bad_failures):
    """Returns the result of a hunt whose bad end failed so."""
    ends = [{'tfmot': n, 'tensorflow': '1', 'mirror': 'here'} for n in '12']
    runs = [signature.Run(ends[0], 1)]
    runs += [
        signature.Run(ends[1], seed, failures)
        for seed, failures in enumerate(bad_failures, 1)
    ]
    flags = argparse.Namespace(
        good=ends[0], bad=ends[1], noisy=True, metric='', only=''
    )
    state = states.State(pathlib.Path('none'), {'good': ends[0]}, runs)
    hunt = hunts.Hunt(flags, state, probes.Probe(), pathlib.Path())
    guilty = axes.Guilty('tfmot', *ends, 'they differ')
    row = [builds.Candidate('1'), builds.Candidate('2')]
    hunt.stages.append(hunts.Stage(guilty, 'they differ', row))
    return conclude.result(hunt, 'the budget is spent')

  def test_counts(self):
    found = self.result(('a',), ())
    self.assertEqual(found['failure'], 'a')
    self.assertEqual(found['stages'][0]['counts'], {'1': [0, 1], '2': [1, 1]})

  def test_failure_that_is_not_known_any_more(self):
    found = self.result(('a',), ('b',))
    self.assertEqual(found['failure'], '')
    self.assertEqual(found['stages'][0]['counts'], {})


class IssueTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    good = {'tfmot': '/x/y@' + 'a' * 40, 'tensorflow': '2.20.0'}
    good[axes.MIRROR] = 'here'
    guilty = {'value': '/x/y@' + 'b' * 40, 'about': 'Mend it'}
    last = {'value': '/x/y@' + 'd' * 40, 'about': ''}
    self.found = {
        'verdict': 'found',
        'reason': '',
        'failure': 'accuracy_drop',
        'target': '//a:b',
        'command': '',
        'good': good,
        'bad': {**good, 'tfmot': '/x/y@' + 'c' * 40},
        'axis': 'tfmot',
        'last_good': last,
        'first_bad': guilty,
        'suspects': [guilty],
        'confidence': 1.0,
        'noisy': False,
        'runs': 9,
        'minutes': 1.5,
        'revert': {'said': 'branch revert-b takes it back'},
        'stages': [{
            'candidates': [last['value'], guilty['value']],
            'counts': {guilty['value']: (2, 0)},
            'skipped': {last['value']: 'cannot be built'},
        }],
    }

  def test_fields_of_the_form(self):
    text = conclude.issue(self.found)
    places = [
        text.index(field)
        for field in (
            '**Describe the bug**',
            '**System information**',
            'TensorFlow version (installed from source or binary): 2.20.0',
            (
                'TensorFlow Model Optimization version (installed from source'
                ' or binary): bbbbbbbbbbbb (source)'
            ),
            'Python version: ',
            (
                'The behavior was correct previously when using versions:\n'
                '- TensorFlow 2.20.0, TFMOT dddddddddddd'
            ),
            'Commit/PR that introduced the regression: bbbbbbbbbbbb Mend it',
            '**Describe the expected behavior**',
            '**Describe the current behavior**',
            '**Code to reproduce the issue**',
            (
                'bazel test'
                ' --repo_env=TFMOT=/path/of/model-optimization@bbbbbbbbbbbb'
            ),
            '**Screenshots**',
            '**Additional context**',
            '* bbbbbbbbbbbb: failed in 2 of 2 runs',
            'Revert: branch revert-b takes it back.',
        )
    ]
    self.assertEqual(places, sorted(places))
    self.assertNotIn('/x/y', text)  # Nothing of this machine.

  @parameterized.parameters(
      ('tensorflow', 'with tensorflow 2.21', 'TENSORFLOW=2.21 '),
      ('mirror', 'of 2.21 and does not with .* of 2.20', 'checkout 2.21 -- of'),
  )
  def test_another_axis(self, axis, said, reproduce):
    last, first = ({'value': v, 'about': ''} for v in ('2.20', '2.21'))
    text = conclude.issue({
        **self.found,
        'axis': axis,
        'last_good': last,
        'first_bad': first,
        'suspects': [first],
    })
    self.assertIn(f'none of TFMOT: it came with {axis} 2.21', text)
    self.assertRegex(text, said)
    self.assertIn(reproduce, text)

  def test_summary(self):
    text = conclude.summary(self.found)
    self.assertStartsWith(text, 'first bad tfmot: bbbbbbbbbbbb Mend it\n')
    self.assertIn('skipped dddddddddddd: cannot be built', text)
    self.found |= {'verdict': 'inconclusive', 'reason': 'the budget is spent'}
    self.assertStartsWith(
        conclude.summary(self.found), 'inconclusive: the budget is spent\n'
    )


if __name__ == '__main__':
  absltest.main()
