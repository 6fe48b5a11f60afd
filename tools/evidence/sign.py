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

"""Signs for a convergence test: has Bazel make the runs, judges, writes.

What was trained before comes from Bazel's cache, which knows the inputs of each
run; so evidence is always of the tree as it is.
"""

import dataclasses
import pathlib

from tfmot_contrib import errors
from tfmot_contrib.convergence import verdict
from tools.evidence import audit
from tools.evidence import signatures
from tools.suite import converge
from tools.suite import draw
from tools.suite import suite


def sign(
    bazel: draw.Bazel,
    folder: str,
    test: str,
    *,
    tensorflow: str,
    tfmot: str,
    party: str,
    role: str,
) -> pathlib.Path:
  """Signs for one test, with as many seeds as it takes.

  Args:
    bazel: How to make the runs.
    folder: The technique.
    test: Its convergence test.
    tensorflow: The version of TensorFlow.
    tfmot: The version of TFMOT.
    party: Who signs.
    role: One of `signatures.ROLES`.

  Returns:
    The file that was written.

  Raises:
    errors.InputError: A run failed, or a claim does not hold. Nothing is
      written.
  """
  root = bazel.root
  settings = {'tensorflow': tensorflow, 'tfmot': tfmot}
  options = (*bazel.options, *suite.setting_options(settings))
  bazel = dataclasses.replace(bazel, options=options)
  found, shown, verdicts = converge.decide(bazel, draw.label_of(folder, test))
  if bad := [v for v in verdicts if not v.good]:
    raise errors.InputError(
        f'nobody signs for {test} on TFMOT {tfmot}: {bad[0].claim.id} is'
        f' {bad[0].measured:.6g}, bound {bad[0].bound}: {bad[0].word}'
    )
  signed = signatures.sign(
      root,
      technique=folder,
      test=test,
      tfmot=tfmot,
      tensorflow=tensorflow,
      party=party,
      role=role,
      records=[draw.made(root, found.records(r.seed)[0]) for r in shown.runs],
      verdicts=[verdict.as_dict(v) for v in verdicts],
      tier=audit.TIER,
  )
  return signatures.write(root, signed)
