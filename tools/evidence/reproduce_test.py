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

"""Tests that a reproduction says what fresh runs show, and who saw it."""

import contextlib
import io
import json
import pathlib
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tools.env import bootstrap
from tools.evidence import inputs
from tools.evidence import project_testing
from tools.evidence import reproduce
from tools.evidence import reproduction
from tools.evidence import signatures
from tools.suite import bazel_testing
from tools.suite import draw
from tools.suite import make

_GOOD = [0.5, 0.6, 0.4, 0.5, 0.55, 0.45, 0.5, 0.5]


class ReproduceTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    self.bazel = bazel_testing.project(self.root, _GOOD)
    self.enterContext(
        mock.patch.object(bootstrap, 'bazel', return_value=self.bazel)
    )
    self.output = self.root / 'out'

  def reproduce(self, *flags: str, reuse: bool = True) -> tuple[int, dict]:
    """Returns the exit code and report.json."""
    arguments = ['pruning', f'--output={self.output}', *flags]
    arguments += ['--reuse'] * reuse
    with contextlib.redirect_stdout(io.StringIO()):
      code = reproduce.main(arguments, self.root)
    text = (self.output / 'report.json').read_text(encoding='utf-8')
    return code, json.loads(text)

  def refused(self, *flags: str) -> str:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as end:
      reproduce.main([*flags, f'--output={self.output}'], self.root)
    self.assertEqual(end.exception.code, 2)
    self.assertFalse(self.output.exists())
    return said.getvalue()

  def words(self, told: dict) -> dict[str, str]:
    return {c['id']: c['word'] for c in told['tests'][0]['claims']}

  def test_reproduced(self):
    code, told = self.reproduce()
    self.assertEqual((code, told['word']), (0, 'reproduced'))
    self.assertEqual(told['tests'][0]['seeds'], [1, 2, 3])
    drop = told['tests'][0]['claims'][0]
    self.assertEqual(drop['id'], 'accuracy_drop')
    self.assertSequenceAlmostEqual(drop['seeds'], _GOOD[:3])

  @parameterized.parameters(
      ([2.5, 2.6, 2.4], 1, 'not reproduced'),
      ([1.9, 2.6, 2.4], 3, 'inconclusive'),
      ([1.9, 1.8, 2.1], 3, 'inconclusive'),
      ([1.9, 1.8, 1.7], 0, 'reproduced'),
  )
  def test_seeds_decide(self, drops, code, word):
    bazel_testing.records(self.root, drops)
    found, told = self.reproduce()
    self.assertEqual((found, told['word']), (code, word))
    self.assertEqual(self.words(told)['accuracy_drop'], word)

  @parameterized.parameters(
      ([0.5, 0.55, 0.45], 0, 'reproduced'),
      ([1.5, 1.6, 1.4], 1, 'not reproduced'),
  )
  def test_reference_decides(self, drops, code, word):
    # The bound of the claim, 2 points, would let both through.
    with contextlib.redirect_stdout(io.StringIO()):
      make.main(['--seeds=8', '--who=a test'], self.root)
    bazel_testing.records(self.root, drops, weights='9abcdef0')
    found, told = self.reproduce()
    self.assertEqual(self.words(told)['accuracy_drop'], word)
    self.assertEqual(found, code)

  def test_report(self):
    self.reproduce('--seeds=2')
    text = (self.output / 'report.md').read_text(encoding='utf-8')
    self.assertStartsWith(text, '## pruning: reproduced\n')
    self.assertIn('--seeds=2', text)
    self.assertIn('| accuracy_drop |', text)
    self.assertIn('0.5, 0.6', text)
    self.assertIn('caches of this clone', text)
    web = (self.output / 'report.html').read_text(encoding='utf-8')
    self.assertIn('data:image/svg+xml', web)
    self.assertNotIn('src="http', web)
    self.assertLen(list(self.output.iterdir()), 3)

  def test_run_that_cannot_be_made(self):
    with contextlib.redirect_stderr(io.StringIO()):
      code, told = self.reproduce('--seeds=9')
    self.assertEqual((code, told['word']), (3, 'inconclusive'))
    self.assertIn('could not make', told['missing'][bazel_testing.TEST])

  def test_fresh_takes_nothing_from_before(self):
    fresh = reproduce.bazel(self.root, '@tfmot/Reviewers', reuse=False)
    self.assertIn('--disk_cache=', fresh.options)
    self.assertIn('--remote_cache=', fresh.options)
    self.assertRegex(fresh.startup[0], '=/.*reproduce/_tfmot_reviewers$')
    nobody = reproduce.bazel(self.root, None, reuse=False)
    self.assertRegex(nobody.startup[0], '=/.*reproduce/nobody$')
    self.assertEqual(reproduce.bazel(self.root, None, reuse=True).options, ())

  @parameterized.parameters(
      (['prunning'], 'no technique prunning'),
      (['baselines'], 'no technique baselines'),
      (['pruning', '--test=nothing'], '--test nothing is none of pruning'),
      (['pruning', '--seeds=0'], '--seeds 0: 1 to 20'),
      (['pruning', '--seeds=21'], '--seeds 21: 1 to 20'),
      (['pruning', '--seeds=two'], 'invalid int'),
      (['pruning', '--tier=accelerator'], 'invalid choice'),
      (['pruning', '--party= '], '--party is empty'),
      (['pruning', '--party=@a', '--reuse'], 'signs what its own machine'),
      (['pruning', '--party=@a', '--tier=smoke'], 'signs what its own'),
  )
  def test_bad_flags(self, flags, why):
    self.assertRegex(self.refused(*flags), why)

  def test_output_that_cannot_be_written(self):
    self.output.write_text('', encoding='utf-8')
    for below in ('', 'some/folder'):
      with contextlib.redirect_stderr(io.StringIO()) as said:
        with self.assertRaises(SystemExit):
          self.reproduce(f'--output={self.output / below}')
      self.assertIn('cannot write to', said.getvalue())
    # It is said before hours of runs.
    self.assertFalse((self.root / 'asked.txt').exists())

  def test_contributor_is_no_second_party(self):
    made = signatures.seal({
        'schema': signatures.SCHEMA_VERSION,
        'technique': 'pruning',
        'test': bazel_testing.TEST,
        'tfmot': '0.8.1',
        'tensorflow': '2.20.0',
        'mirror': 'a' * 64,
        'party': '@ann lee',
        'role': signatures.CONTRIBUTOR,
        'when': '2026-11-28T00:00:00Z',
        'tier': 'cpu',
        'seeds': [{'seed': 1, 'record': 'b' * 64, 'inputs': 'c' * 64}],
        'claims': [{
            'id': 'accuracy_drop',
            'kind': 'accuracy',
            'measured': 0.1,
            'bound': '<= 0.8',
            'verdict': 'pass',
        }],
    })
    signatures.write(self.root, made)
    for party in ('@ANN  Lee', ' @ann lee '):
      said = self.refused('pruning', f'--party={party}')
      self.assertIn('is the contributor', said)

  def test_signs_as_second_party(self):
    lock = 'official/upstream.lock'
    text = '[digests]\npatched = "' + 'c' * 64 + '"\n'
    project_testing.put(self.root, {lock: text})
    fresh = draw.Bazel(self.bazel, self.root)
    with mock.patch.object(reproduce, 'bazel', return_value=fresh):
      with mock.patch.object(inputs, 'digest', return_value='d' * 64):
        code, told = self.reproduce('--party=@bob', reuse=False)
    self.assertEqual(code, 0)
    (name,) = told['signed']
    signed = signatures.load(self.root / name)
    self.assertEqual(signed['role'], signatures.SECOND_PARTY)
    self.assertEqual(signed['party'], '@bob')
    self.assertLen(signed['seeds'], 3)
    self.assertEqual(signed['claims'][0]['id'], 'accuracy_drop')
    self.assertEqual(signatures.bad_claims(signed), [])

  def test_worst(self):
    good, bad = reproduction.REPRODUCED, reproduction.NOT_REPRODUCED
    self.assertEqual(reproduction.worst([good, reproduction.REPORTED]), good)
    self.assertEqual(
        reproduction.worst([good, reproduction.INCONCLUSIVE, bad]), bad
    )
    # Nothing that decides was seen.
    self.assertEqual(reproduction.worst([]), reproduction.INCONCLUSIVE)
    self.assertEqual(
        reproduction.worst([reproduction.REPORTED]), reproduction.INCONCLUSIVE
    )


if __name__ == '__main__':
  absltest.main()
