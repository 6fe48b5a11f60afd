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

"""Tests of run records as files."""

import dataclasses
import functools
import json
import operator
import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import reference_testing


class RecordTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    self.path = self.root / 'run.json'
    self.run_record = reference_testing.run(1)

  def test_run_that_is_not_measured(self):
    path = self.root / 'half.json'
    fields = dataclasses.asdict(self.run_record)
    del fields['exported']
    record.write(record.Run(**fields), path)
    self.assertEqual(record.read(path, record.Run), record.Run(**fields))
    with self.assertRaisesRegex(errors.InputError, "'exported' is a required"):
      record.read(path)

  def test_record_reads_back(self):
    record.write(self.run_record, self.root / 'run.json')
    self.assertEqual(record.read(self.root / 'run.json'), self.run_record)

  def test_record_that_breaks_the_schema_is_not_written(self):
    self.run_record.seed = 'one'
    path = self.root / 'new.json'
    with self.assertRaisesRegex(errors.InputError, 'at seed'):
      record.write(self.run_record, path)
    self.assertFalse(path.exists())

  @parameterized.parameters(
      ('schema_version', 2, 'schema_version'),
      ('tier', 'huge', 'tier'),
      ('environment', 'nix', 'environment'),
      ('exported.int8.accuracy', 184.0, 'exported/int8/accuracy'),
      ('exported.int8.gzip_bytes', 'small', 'exported/int8/gzip_bytes'),
      ('exported', {}, 'exported'),
      ('lineage', ['x'], 'lineage/0'),
      ('keras.accuracy', None, 'keras'),
      ('batches.train', None, 'batches'),
      ('instruction_set', '', 'instruction_set'),
      ('parameters', -1, 'parameters'),
      ('seed', None, 'top level'),
  )
  def test_record_that_breaks_the_schema(self, path, value, where):
    broken = dataclasses.asdict(self.run_record)
    *above, last = path.split('.')
    part = functools.reduce(operator.getitem, above, broken)
    part[last] = value
    if value is None:
      del part[last]
    self.path.write_text(json.dumps(broken))
    with self.assertRaisesRegex(
        errors.InputError, f'no run record of schema 3.* at {where}'
    ):
      record.read(self.path)

  @parameterized.parameters('', '{"seed": 1', '[]')
  def test_truncated_record(self, text):
    self.path.write_text(text)
    with self.assertRaisesRegex(errors.InputError, 'run its target again'):
      record.read(self.path)

  def test_no_space_leaves_the_old_record(self):
    path = pathlib.Path('/dev/full/record.json')
    with self.assertRaisesRegex(errors.InputError, 'cannot write'):
      record.write(self.run_record, path)


if __name__ == '__main__':
  absltest.main()
