/* SPDX-License-Identifier: GPL-2.0-only */
/* What kernel code has from its own headers, for programs that stand alone. */
#ifndef RSS_COMPILER_H
#define RSS_COMPILER_H

#define __noreturn	__attribute__((__noreturn__))
#define __printf(a, b)	__attribute__((__format__(printf, a, b)))

#define BIT(nr)		(1U << (nr))
#define ARRAY_SIZE(arr)	(sizeof(arr) / sizeof((arr)[0]))

#endif
