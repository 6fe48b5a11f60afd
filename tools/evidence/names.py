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

"""The names of convergence tests, which are the rows of all tables.

A test is named after its model, which is a float baseline, and what is done to
it: `resnet_cifar10_sparsity80`.
"""

from typing import NamedTuple, Sequence

from tfmot_contrib import errors

_MODELS = {
    'resnet_cifar10': 'ResNet-18',
    'mobilenet_v2_cifar10': 'MobileNetV2',
    'mobilenet_v3_cifar10': 'MobileNetV3',
}


class Name(NamedTuple):
  """The name of a convergence test.

  Attributes:
    test: The whole of it.
    model: Its float baseline.
    label: What is done to that, or `float`.
  """

  test: str
  model: str
  label: str

  @property
  def title(self) -> str:
    """The model as people call it."""
    return title(self.model)


def title(model: str) -> str:
  """Returns a model as people call it."""
  return _MODELS.get(model, model)


def order(model: str) -> tuple[bool, int, str]:
  """Returns the key by which models are sorted: unknown ones come last."""
  known = list(_MODELS)
  return (
      model not in known,
      known.index(model) if model in known else 0,
      model,
  )


def split(test: str, models: Sequence[str]) -> Name:
  """Returns the parts of the name of a convergence test.

  Args:
    test: The name.
    models: The names of the float baselines.

  Returns:
    Its parts.

  Raises:
    errors.InputError: It does not begin with that of a baseline.
  """
  for model in sorted(models, key=len, reverse=True):
    if test == model:
      return Name(test, model, 'float')
    if test.startswith(f'{model}_'):
      return Name(test, model, test.removeprefix(f'{model}_'))
  raise errors.InputError(
      f'{test} begins with no name of a float baseline ({", ".join(models)}):'
      ' rename the convergence test'
  )
