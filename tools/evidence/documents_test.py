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

"""Tests of the command, and that the documents are what the evidence says."""

import contextlib
import io
import json
import pathlib

from absl.testing import absltest

from tfmot_contrib.convergence import judge
from tools.env import bootstrap
from tools.evidence import documents
from tools.evidence import rows
from tools.evidence import testing
from tools.suite import records_testing


class CommandTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    testing.project(self.root)

  def _fails(self, *flags):
    """Returns the one line with which the command fails."""
    with contextlib.redirect_stderr(io.StringIO()) as stream:
      with self.assertRaises(SystemExit) as caught:
        documents.main(flags, self.root)
    self.assertEqual(caught.exception.code, 2)
    self.assertEqual(stream.getvalue().count('\n'), 1)
    return stream.getvalue()

  def test_writes_once(self):
    self.assertIn('README.md differs from the evidence', self._fails('--check'))
    for path in self.root.rglob('README.md'):
      self.assertEqual(path.read_text(encoding='utf-8'), records_testing.MARKED)
    with contextlib.redirect_stdout(io.StringIO()) as stream:
      documents.main([], self.root)
    self.assertEqual(stream.getvalue().count('evidence: wrote '), 7)
    for path in (
        'README.md',
        'tfmot_contrib/README.md',
        'tfmot_contrib/pruning/README.md',
        'docs/accuracy_against_size.svg',
        'docs/weights_of_pcqat.svg',
    ):
      self.assertIn(f'wrote {path}\n', stream.getvalue())
    with contextlib.redirect_stdout(io.StringIO()) as stream:
      documents.main(['--check'], self.root)
      documents.main([], self.root)
    self.assertEmpty(stream.getvalue())

  def test_check_sees_a_number_and_a_plot(self):
    documents.main([], self.root)
    for name, old, new in (
        ('tfmot_contrib/pruning/README.md', '79.00 %', '79.10 %'),
        ('docs/weights_of_pcqat.svg', '21.4 %', '21.5 %'),
    ):
      path = self.root / name
      text = path.read_text(encoding='utf-8')
      self.assertIn(old, text)
      path.write_text(text.replace(old, new), encoding='utf-8')
      self.assertIn(f'{name} differs', self._fails('--check'))
      path.write_text(text, encoding='utf-8')

  def test_what_is_missing_is_said(self):
    contrib = self.root / 'tfmot_contrib'
    (contrib / 'pruning/evidence/resnet_cifar10_half.json').unlink()
    (contrib / rows.WEIGHTS).unlink()
    (self.root / 'docs/weights_of_pcqat.svg').unlink(missing_ok=True)
    documents.main([], self.root)
    self.assertFalse((self.root / 'docs/weights_of_pcqat.svg').exists())
    for name in ('pruning/README.md', 'README.md'):
      text = (contrib / name).read_text(encoding='utf-8')
      self.assertIn('no evidence yet', text)

  def test_flags_that_go_not_together(self):
    for flags, why in (
        (['--collect', '--check'], 'leave one out'),
        (['--only', 'resnet_cifar10_half'], '--only goes with --collect'),
    ):
      self.assertIn(why, self._fails(*flags))

  def test_weights_that_were_edited(self):
    path = self.root / 'tfmot_contrib' / rows.WEIGHTS
    good = testing.histograms()
    layer = good['layers'][0]
    path.write_text(json.dumps({**good, 'stages': []}), encoding='utf-8')
    self.assertIn('was edited by hand', self._fails('--check'))
    for bad, why in (
        ({'stages': 1}, 'is a required property'),
        ({**good, 'layers': [{**layer, 'size': 0}]}, 'at layers/0/size'),
    ):
      path.write_text(json.dumps(bad), encoding='utf-8')
      rows.write_sums(path.parent)
      self.assertIn(why, self._fails('--check'))

  def test_missing_document(self):
    (self.root / 'tfmot_contrib/README.md').unlink()
    self.assertIn('cannot read', self._fails('--check'))


class CommittedTest(absltest.TestCase):

  def test_documents_equal_the_evidence(self):
    for path, text in documents.documents(bootstrap.ROOT).items():
      self.assertEqual(path.read_text(encoding='utf-8'), text, path.name)

  def test_every_verdict_is_as_expected(self):
    for technique in rows.load(bootstrap.ROOT):
      for row in technique.judged:
        for judged in row.verdicts:
          self.assertTrue(judged.good, f'{row.test}: {judged.claim.id}')

  def test_bounds_are_what_the_seeds_admit(self):
    """The documented drop where they admit it, and elsewhere some more."""
    said = 0
    for technique in rows.load(bootstrap.ROOT):
      for row in technique.judged:
        for claim, noise in ((v.claim, v.noise) for v in row.verdicts):
          if noise:
            said += 1
            least = noise.admits(judge.PLAN)
            self.assertEqual(
                least > claim.at_most - claim.for_noise,
                bool(claim.for_noise),
                f'{row.test}: the seeds admit {least:.2f} points',
            )
    self.assertGreater(said, 20)


if __name__ == '__main__':
  absltest.main()
