// SPDX-License-Identifier: GPL-2.0
/*
 * Run from a new file, so that all its pages are mapped by this process only.
 * It acts as a child in child_sync(), with the socket as its standard input
 * and output, and then exits.
 */
#include <unistd.h>

int main(void)
{
	char byte = 0;

	return write(STDOUT_FILENO, &byte, 1) != 1 ||
	       read(STDIN_FILENO, &byte, 1) != 1;
}
