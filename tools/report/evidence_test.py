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

"""Tests that the documents are what the committed evidence makes of them."""

import pathlib

from absl.testing import absltest

from tfmot_contrib import errors
from tools.report import evidence


class EvidenceTest(absltest.TestCase):

  def test_documents_equal_the_evidence(self):
    for path, text in evidence.documents().items():
      self.assertEqual(path.read_text(encoding='utf-8'), text, path.name)

  def test_every_claim_of_the_evidence_holds(self):
    for text in evidence.documents().values():
      self.assertRegex(text, r'(\d+) of \1 claims hold')
      for held, declared in _counts(text):
        self.assertEqual(held, declared)

  def test_plot_is_equal_each_time(self):
    folder = pathlib.Path(self.create_tempdir().full_path)
    for name in ('a.svg', 'b.svg'):
      evidence.plot(folder / name)
    first = (folder / 'a.svg').read_text(encoding='utf-8')
    self.assertEqual(first, (folder / 'b.svg').read_text(encoding='utf-8'))
    self.assertIn('sparsity80', first)

  def test_document_without_markers(self):
    with self.assertRaisesRegex(errors.InputError, 'README has no lines'):
      evidence.with_table('# Title\n', 'table', 'README')

  def test_missing_evidence(self):
    folder = pathlib.Path(self.create_tempdir().full_path)
    declared = evidence.CONTRIB / 'pruning' / 'technique.yaml'
    (folder / 'technique.yaml').write_bytes(declared.read_bytes())
    with self.assertRaisesRegex(errors.InputError, 'no evidence for .*collect'):
      evidence.evidence_of(folder)


def _counts(text: str) -> list[tuple[str, str]]:
  """Returns how many claims hold of how many, for each row."""
  words = [cell.split() for cell in text.split('|') if 'claims hold' in cell]
  return [(cell[0], cell[2]) for cell in words]


if __name__ == '__main__':
  absltest.main()
