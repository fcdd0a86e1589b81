/* SPDX-License-Identifier: BSD-3-Clause */
/* A vendor module with the interfaces 3.0 and 2.40 and "Vendor X". */
#include "tests/module/vendor.inc"

static const CK_VERSION offered[] = {{3, 0}, {2, 40}};

#include "tests/module/interfaces.inc"
