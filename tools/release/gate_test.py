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

"""Tests of the gate as a command, and of signed evidence in it."""

import contextlib
import io
import pathlib
import shutil
import tempfile
from unittest import mock

from absl.testing import absltest

from tfmot_contrib import errors
from tools.env import bootstrap
from tools.evidence import signatures
from tools.release import bundle as bundle_lib
from tools.release import gate
from tools.release import testing

_WHERE = f'pruning:{testing.TEST}'
_SIGNED = f'pruning/{testing.TEST} TFMOT 0.8.1'
_ARGUMENTS = ['--tfmot=0.8.1', f'--tensorflow={testing.TENSORFLOW}']


class GateTest(absltest.TestCase):

  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.template = pathlib.Path(tempfile.mkdtemp())
    cls.addClassCleanup(shutil.rmtree, cls.template)
    program = testing.project(cls.template)
    asked = testing.asked_of(cls.template)
    cls.claims = gate.make(asked, program)['tests'][1]['claims']
    shutil.rmtree(asked.output)

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path) / 'project'
    shutil.copytree(self.template, self.root)
    program = str(self.root / 'bazel')
    self.enterContext(
        mock.patch.object(bootstrap, 'bazel', return_value=program)
    )
    self.output = self.root / 'release/tfmot-0.8.1-cpu'

  def sign(self) -> pathlib.Path:
    """Signs for the test, by both parties; returns where the second has."""
    folder = self.root / 'bazel-bin/tfmot_contrib/pruning'
    path = pathlib.Path()
    for role, party, seed in (
        (signatures.CONTRIBUTOR, 'Ada', ''),
        (signatures.SECOND_PARTY, 'Bob', '_seed2'),
    ):
      made = signatures.sign(
          self.root,
          technique='pruning',
          test=testing.TEST,
          tfmot='0.8.1',
          tensorflow=testing.TENSORFLOW,
          party=party,
          role=role,
          records=[folder / f'{testing.TEST}{seed}_record.json'],
          verdicts=self.claims,
      )
      path = signatures.write(self.root, made)
    return path

  def run_gate(self, *arguments: str) -> tuple[int, str]:
    """Returns what the command ends with and prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
      code = gate.main([*_ARGUMENTS, *arguments], self.root)
    return code, out.getvalue()

  def refused(self, *patterns: str, arguments: tuple[str, ...] = ()) -> None:
    """Asserts that the gate refuses, with just such lines."""
    code, out = self.run_gate(*arguments)
    lines = [x for x in out.splitlines() if x.startswith('refused: ')]
    self.assertEqual(code, 1, out)
    self.assertLen(lines, len(patterns), out)
    for line, pattern in zip(lines, patterns):
      self.assertRegex(line, f'^refused: {pattern}')
    self.assertIn(f'REFUSED, {len(lines)} reasons', out)

  def test_holds(self):
    self.sign()
    code, out = self.run_gate()
    self.assertEqual(code, 0, out)
    self.assertIn('baselines, pruning: all claims hold. ', out)
    made = bundle_lib.load(self.output)
    self.assertEqual(made['refusals'], [])
    notes = (self.output / 'tested_against.md').read_text(encoding='utf-8')
    self.assertIn('* pruning: tested against TensorFlow 2.20.0 and', notes)
    table = (self.output / 'bundle.md').read_text(encoding='utf-8')
    self.assertIn(f'| `{_WHERE}` | 1 | accuracy_drop | - | 0.5 |', table)
    asked = (self.root / 'asked.txt').read_text(encoding='utf-8').splitlines()
    self.assertIn('--repo_env=TFMOT=0.8.1', asked[-1])
    self.assertEqual(self.run_gate('--check')[0], 0)

  def test_as_many_seeds_as_are_asked(self):
    self.sign()
    code, out = self.run_gate('--seeds=4')
    self.assertEqual(code, 0, out)
    seeds = bundle_lib.load(self.output)['tests'][1]['seeds']
    self.assertEqual([seed['seed'] for seed in seeds], [1, 2, 3, 4])
    self.assertLen({seed['record'] for seed in seeds}, 4)

  def test_training_that_cannot_be_resumed(self):
    self.sign()
    (self.root / 'not_resumed').touch()
    why = 'resumed: //tfmot_contrib:resume_test is NOT BUILT: .*; run it'
    self.refused(why)
    self.refused(why, arguments=('--check',))

  def test_missing_signature(self):
    path = self.sign()
    path.with_name('tfmot-0.8.1.contributor.json').unlink()
    self.refused(f'signed: {_SIGNED} contributor: there is no tfmot-0.8.1')

  def test_who_has_reproduced_it_is_told(self):
    second = self.sign()
    for who in ('Bob', 'nobody yet'):
      code, out = self.run_gate()
      self.assertEqual(code, 0, out)
      self.assertIn(f'{_SIGNED}: reproduced by: {who}\n', out)
      notes = (self.output / 'tested_against.md').read_text(encoding='utf-8')
      self.assertIn(f'* {_SIGNED}: reproduced by: {who}\n', notes)
      second.unlink(missing_ok=True)

  def test_what_is_no_release_is_not_signed(self):
    wheel = {'setting': '/a.whl', 'version': '0.9.0', 'content': 'c' * 64}
    with mock.patch.object(gate, 'candidate', return_value=wheel):
      code, out = self.run_gate(f'--output={self.output}')
    self.assertEqual(code, 0, out)
    self.assertIn('signatures are not asked for', out)
    notes = (self.output / 'tested_against.md').read_text(encoding='utf-8')
    self.assertIn('* signatures are not asked for', notes)

  def test_check_of_nothing(self):
    with self.assertRaises(SystemExit) as ended:
      self.run_gate('--check')
    self.assertEqual(ended.exception.code, 2)

  def test_check_of_a_bundle_of_another_tfmot(self):
    self.sign()
    self.run_gate(f'--output={self.output}')
    arguments = ['--tfmot=0.8.0', f'--output={self.output}', '--check']
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
      self.assertEqual(gate.main(arguments, self.root), 1)
    self.assertIn('refused: stale: the bundle is of TFMOT', out.getvalue())

  def test_check_of_a_part(self):
    self.sign()
    code, out = self.run_gate('--technique=pruning')
    self.assertEqual(code, 0, out)
    self.assertIn('a rehearsal, no release stands on it', out)
    self.refused(
        'missing: the bundle has nothing of baselines', arguments=('--check',)
    )

  def test_check_of_a_bundle_that_was_refused(self):
    self.assertEqual(self.run_gate()[0], 1)
    notes = (self.output / 'tested_against.md').read_text(encoding='utf-8')
    self.assertStartsWith(notes, 'Not for release notes (1 refusals)')
    self.sign()
    self.refused(
        'stale: the bundle was refused when it was made', arguments=('--check',)
    )

  def test_output_that_holds_something_else(self):
    self.output.mkdir(parents=True)
    (self.output / 'thesis.txt').write_text('all of it', encoding='utf-8')
    with self.assertRaises(SystemExit) as ended:
      self.run_gate()
    self.assertEqual(ended.exception.code, 2)
    self.assertTrue((self.output / 'thesis.txt').exists())

  def test_bad_input(self):
    for argument in ('--seeds=0', '--seeds=21', '--technique=magic'):
      with self.assertRaises(SystemExit) as ended:
        self.run_gate(argument)
      self.assertEqual(ended.exception.code, 2)
    with self.assertRaisesRegex(errors.InputError, 'no lock for tfmot 9.9.9'):
      gate.candidate('9.9.9')
    with self.assertRaisesRegex(errors.InputError, 'no such wheel'):
      gate.candidate('/nowhere/tfmot.whl')

  def test_nothing_is_left_where_bazel_fails(self):
    (self.root / 'bazel').write_text('#!/bin/sh\nexit 2\n', encoding='utf-8')
    with self.assertRaises(SystemExit):
      self.run_gate()
    self.assertFalse(self.output.parent.exists())


if __name__ == '__main__':
  absltest.main()
