/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RSS_VERSION_H
#define RSS_VERSION_H

#define RSS_VERSION	"1.0"

#endif
