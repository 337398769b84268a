/* SPDX-License-Identifier: MIT */
/*
 * The bare loop: what the kernel takes from one thread by sendmmsg, past the queueing discipline,
 * with nothing else to do. No scanner that sends this way can be faster.
 * Invariant: each frame has an address of its own, as a scanner's has.
 */
#include "bench/nw_pin.h"
#include "bench/scanning/scanning.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	BATCH = 64,
	FRAME_BYTES = 58, /* Ethernet, IPv4, TCP with one option: the scanner's question */
	TARGET_AT = 30,
	BUFFER_BYTES = 4 << 20,
	ADDRESS_FIRST = 0x0a400000,
	ADDRESS_MASK = (1 << 22) - 1,
};

static const unsigned char header[FRAME_BYTES] = {
	0x02, 0, 0,  0, 0, 0x0b, 0x02, 0,    0,    0,    0,  0x0a, 0x08, 0, 0x45, 0, 0, 44,  0, 0,
	0,    0, 64, 6, 0, 0,    192,  168,  98,   1,    10, 64,   0,    0, 0xee, 0, 0, 80,  0, 0,
	0,    0, 0,  0, 0, 0,    0x60, 0x02, 0xfa, 0xf0, 0,  0,    0,    0, 2,    4, 5, 0xb4
};

static int open_socket(void)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_ifindex = (int)if_nametoindex(SCANNING_INTERFACE) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1, bytes = BUFFER_BYTES;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) < 0)
		return -1;
	return fd;
}

/* On the CPU that a crew's first worker gets. */
static void stay(void)
{
	cpu_set_t set;
	size_t cpu = 0;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return;
	while (cpu < CPU_SETSIZE && !CPU_ISSET(cpu, &set))
		cpu++;
	nw_pin(cpu);
}

static bool send_all(int fd, struct mmsghdr *messages, uint32_t count)
{
	for (uint32_t done = 0; done < count;) {
		int sent = sendmmsg(fd, messages + done, count - done, 0);

		if (sent < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			return false;
		done += sent > 0 ? (uint32_t)sent : 0;
	}
	return true;
}

int scanning_loop(uint64_t question_count)
{
	static unsigned char frames[BATCH][64];
	struct mmsghdr messages[BATCH];
	struct iovec pieces[BATCH];
	int fd = open_socket();

	if (fd < 0)
		return 1;
	stay();
	for (uint32_t i = 0; i < BATCH; i++) {
		memcpy(frames[i], header, sizeof(header));
		pieces[i] = (struct iovec){ frames[i], FRAME_BYTES };
		messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &pieces[i],
							     .msg_iovlen = 1 } };
	}
	for (uint64_t done = 0; done < question_count; done += BATCH) {
		for (uint32_t i = 0; i < BATCH; i++) {
			uint32_t to = htonl(ADDRESS_FIRST + (uint32_t)((done + i) & ADDRESS_MASK));

			memcpy(frames[i] + TARGET_AT, &to, sizeof(to));
		}
		if (!send_all(fd, messages, BATCH))
			return 1;
	}
	(void)close(fd); /* all was sent */
	return 0;
}
