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

"""Tests of what optimize.py leaves."""

import pathlib

from absl.testing import absltest

from tfmot_contrib import errors
from tfmot_contrib import optimize_output

_REQUEST = {'technique': 'a/b', 'params': {'sizes': (1, 2)}}


def _measured(accuracy, size, zeros, distinct, integer, faster):
  """Returns what `deployment.benefit` could measure of two kernels."""
  kernels = [
      {
          'name': name,
          'size': 100,
          'zeros': zeros if name == 'conv' else 0,
          'distinct_per_channel': distinct if name == 'conv' else 100,
      }
      for name in ('conv', 'depthwise')
  ]
  return {
      'accuracy': accuracy,
      'bytes': size,
      'gzip_bytes': size // 2,
      'kernels': kernels,
      'integer_share': integer,
      'latency': {'times_faster': faster},
  }


def _report():
  return {
      'technique': 'pruning/sparsity80',
      'experiment': 'resnet_cifar10_pruning',
      'model': 'mine.keras',
      'images': 10000,
      'split': 'test',
      'training': {'steps': 780, 'seconds': 111.4},
      'invariants': {
          'covered': ['conv'],
          'skipped': ['depthwise'],
          'zeros_missing': 0,
      },
      'original': _measured(87.16, 4000, 0, 90, 0, 1),
      'exported': {'int8': _measured(86.0, 1000, 80, 16, 0.5, 2)},
  }


class FolderTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.output = pathlib.Path(self.create_tempdir().full_path) / 'new/out'

  def work(self, request, error=None):
    """Does a little work in the folder."""
    with optimize_output.claimed(self.output, request):
      optimize_output.write(self.output / 'int8.tflite', b'model')
      (self.output / 'train').mkdir(exist_ok=True)
      if error:
        raise error

  def names(self):
    return sorted(path.name for path in self.output.iterdir())

  def test_the_same_request_goes_on(self):
    with self.assertRaises(KeyboardInterrupt):
      self.work(_REQUEST, KeyboardInterrupt())
    left = ['int8.tflite', 'request.json', 'train']
    self.assertEqual(self.names(), left)
    self.work(_REQUEST)
    self.assertEqual(self.names(), left)

  def test_another_request_is_refused(self):
    self.work(_REQUEST)
    with self.assertRaisesRegex(
        errors.InputError, r'out holds something else \(another technique\):'
    ):
      self.work({**_REQUEST, 'technique': 'a/c'})

  def test_other_files_are_refused_and_kept(self):
    self.output.mkdir(parents=True)
    (self.output / 'thesis.txt').touch()
    with self.assertRaisesRegex(errors.InputError, 'something else: take'):
      self.work(_REQUEST)
    self.assertEqual(self.names(), ['thesis.txt'])

  def test_bad_input_leaves_nothing(self):
    self.output.mkdir(parents=True)
    with self.assertRaises(errors.InputError):
      self.work(_REQUEST, errors.InputError('refused'))
    self.assertEmpty(self.names())

  def test_bad_input_leaves_what_was_there(self):
    self.work(_REQUEST)
    with self.assertRaises(errors.InputError):
      self.work(_REQUEST, errors.InputError('refused'))
    self.assertIn('int8.tflite', self.names())

  def test_bad_input_leaves_what_was_trained(self):
    (self.output.parent / 'train').mkdir(parents=True)
    with self.assertRaises(errors.InputError):
      with optimize_output.claimed(self.output, _REQUEST):
        (self.output / 'train').mkdir()
        for name in ('ckpt-1.index', 'ckpt-1.data-00000-of-00001'):
          (self.output / 'train' / name).touch()
        (self.output / 'train/checkpoint').write_text(
            'model_checkpoint_path: "ckpt-1"'
        )
        raise errors.InputError('refused')
    self.assertEqual(self.names(), ['request.json', 'train'])

  def test_file_is_no_folder(self):
    self.output.parent.mkdir()
    self.output.touch()
    with self.assertRaisesRegex(errors.InputError, '--output_dir=.*Not a dir'):
      self.work(_REQUEST)
    self.output /= 'below'
    with self.assertRaisesRegex(errors.InputError, 'Not a directory'):
      self.work(_REQUEST)

  def test_file_is_whole_or_not_there(self):
    path = self.output / 'report.md'
    with self.assertRaisesRegex(errors.InputError, 'cannot write .*report.md'):
      with optimize_output.writing(path) as partial:
        partial.write_text('half of')
        raise OSError('No space left on device')
    self.assertEmpty(self.names())
    optimize_output.write(path, 'all')
    self.assertEqual(self.names(), ['report.md'])
    self.assertEqual(path.read_text('utf-8'), 'all')


class MarkdownTest(absltest.TestCase):

  def test_table(self):
    lines = optimize_output.markdown(_report()).splitlines()
    self.assertEqual(lines[0], '# pruning/sparsity80 of mine.keras')
    table = [
        [cell.strip() for cell in line.strip('|').split('|')]
        for line in lines
        if line.startswith('|')
    ]
    self.assertLen(table, 4)
    self.assertLen(set(map(len, table)), 1)
    self.assertEqual(
        table[2],
        ['original', '87.16 %', '+0.00', '4,000', '1.000', '2,000', '1.000']
        + ['1.00', '0.00 %', '90', '0 %'],
    )
    # Distinct weights are those of what is covered, zeros those of everything.
    self.assertEqual(
        table[3],
        ['int8', '86.00 %', '-1.16', '1,000', '0.250', '500', '0.250']
        + ['2.00', '40.00 %', '16', '50 %'],
    )

  def test_silence_is_no_pass(self):
    text = optimize_output.markdown(_report())
    self.assertIn('* Covered: 1 layers: `conv`', text)
    self.assertIn('* Left alone: 1 layers: `depthwise`', text)
    self.assertIn('* `zeros_missing`: 0', text)
    nothing = {**_report(), 'invariants': {}}
    text = optimize_output.markdown(nothing)
    self.assertIn('* Covered: 0 layers: none', text)


if __name__ == '__main__':
  absltest.main()
