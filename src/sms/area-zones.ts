/**
 * Time zones by area code, for countries that have several zones and whose numbers show the zone: zones,
 * calling code, area codes. A number that moves with its owner keeps its area code, and so the old zone.
 *
 * +1 comes from the time-zone table of Google's libphonenumber (2026), with overlays corrected and the new
 * area codes added. +55 follows the states of Brazil (Anatel's area codes). +52 and +7 list only areas that
 * certainly lie in one zone. +61 lists its four areas of landlines. Mobile numbers of Russia and Australia do
 * not show a zone.
 */
export const areaZones: readonly (readonly [zones: string, callingCode: string, areaCodes: string])[] = [
  ["America/Adak America/Anchorage", "+1", "907"],
  ["America/Boise America/Denver America/Los_Angeles", "+1", "208 775 986"],
  [
    "America/Chicago",
    "+1",
    "205 210 214 217 218 224 225 228 235 251 254 256 262 274 281 309 312 314 316 318 319 320 325 327 331 334 337 346 353 361 402 405 409 414 417 430 432 447 457 464 469 471 479 483 501 504 507 512 515 531 534 539 557 563 572 573 580 601 608 612 615 618 621 629 630 636 641 651 659 660 662 682 689 708 712 713 715 726 730 731 737 763 769 773 779 806 815 816 817 830 832 847 861 870 872 901 903 913 918 920 924 931 936 938 940 945 952 956 972 975 979 985",
  ],
  ["America/Chicago America/Denver", "+1", "308 605 620 701 785"],
  ["America/Chicago America/New_York", "+1", "219 270 364 423 448 574 606 729 812 850 906 930"],
  ["America/Dawson_Creek America/Edmonton America/Vancouver", "+1", "236 250 257 672 778"],
  ["America/Denver", "+1", "303 307 385 406 435 505 575 719 720 748 801 915 970 983"],
  ["America/Denver America/Los_Angeles", "+1", "458 541"],
  ["America/Denver America/Phoenix", "+1", "928"],
  ["America/Edmonton", "+1", "368 403 587 780 825"],
  ["America/Edmonton America/Regina", "+1", "306 474 639"],
  ["America/Edmonton America/Toronto America/Vancouver America/Whitehorse America/Winnipeg", "+1", "867"],
  ["America/Halifax", "+1", "428 506 782 902"],
  ["America/Halifax America/St_Johns", "+1", "709 879"],
  ["America/Halifax America/Toronto", "+1", "367 418 581"],
  [
    "America/Los_Angeles",
    "+1",
    "206 209 213 253 279 310 323 341 350 357 360 369 408 415 424 425 442 503 509 510 530 559 562 564 619 626 628 650 657 661 669 702 707 714 725 738 747 760 805 818 820 831 837 840 858 909 916 925 949 951 971",
  ],
  [
    "America/New_York",
    "+1",
    "201 202 203 207 212 215 216 220 223 227 229 231 234 239 240 248 252 260 267 269 272 276 283 301 302 304 305 313 315 317 321 324 326 329 330 332 336 339 347 351 352 363 380 386 401 404 407 410 412 413 419 434 436 440 443 445 463 470 472 475 478 484 502 508 513 516 517 518 540 551 561 565 567 570 571 582 585 586 603 607 609 610 614 616 617 624 631 640 645 646 656 667 678 679 680 681 686 703 704 706 716 717 718 724 727 728 732 734 740 743 754 757 762 765 770 771 772 774 781 786 802 803 804 810 813 814 821 826 828 835 838 839 843 845 848 854 856 857 859 860 862 863 864 865 878 904 908 910 912 914 917 919 929 934 937 941 943 947 948 954 959 973 978 980 984 989",
  ],
  ["America/Phoenix", "+1", "480 520 602 623"],
  [
    "America/Toronto",
    "+1",
    "226 249 263 289 343 354 365 382 416 437 438 450 468 514 519 548 579 613 647 683 705 742 753 819 873 905 942",
  ],
  ["America/Toronto America/Winnipeg", "+1", "807"],
  ["America/Vancouver", "+1", "604"],
  ["America/Winnipeg", "+1", "204 431 584"],
  ["Pacific/Honolulu", "+1", "808"],
  [
    "America/Sao_Paulo",
    "+55",
    "11 12 13 14 15 16 17 18 19 21 22 24 27 28 31 32 33 34 35 37 38 41 42 43 44 45 46 47 48 49 51 53 54 55 61 62 64",
  ],
  ["America/Araguaina", "+55", "63"],
  ["America/Cuiaba", "+55", "65 66"],
  ["America/Campo_Grande", "+55", "67"],
  ["America/Rio_Branco", "+55", "68"],
  ["America/Porto_Velho", "+55", "69"],
  ["America/Bahia", "+55", "71 73 74 75 77"],
  ["America/Maceio", "+55", "79 82"],
  ["America/Noronha America/Recife", "+55", "81"],
  ["America/Recife", "+55", "87"],
  ["America/Fortaleza", "+55", "83 84 85 86 88 89 98 99"],
  ["America/Belem America/Santarem", "+55", "91 93 94"],
  ["America/Manaus", "+55", "92"],
  ["America/Eirunepe America/Manaus", "+55", "97"],
  ["America/Boa_Vista", "+55", "95"],
  ["America/Belem", "+55", "96"],
  ["America/Mexico_City", "+52", "55 56 33"],
  ["America/Monterrey", "+52", "81"],
  ["America/Tijuana", "+52", "616 646 658 661 663 664 665 686"],
  ["America/Cancun", "+52", "983 984 987 998"],
  ["Europe/Moscow", "+7", "495 496 498 499 812 813"],
  ["Australia/Broken_Hill Australia/Lord_Howe Australia/Sydney", "+61", "2"],
  ["Australia/Hobart Australia/Melbourne", "+61", "3"],
  ["Australia/Brisbane", "+61", "7"],
];
